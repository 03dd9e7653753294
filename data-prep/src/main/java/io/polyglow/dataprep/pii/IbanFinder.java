package io.polyglow.dataprep.pii;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** International bank account numbers (ISO 13616): country, its length as the IBAN registry has it, and remainder 1 modulo 97; in one piece or in groups of four. */
final class IbanFinder implements PiiFinder {
    private static final int GROUP = 4;

    private static final Map<String, Integer> LENGTHS = lengths(
            "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18"
                    + " GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28"
                    + " NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30");

    @Override
    public @Nullable PiiSpan at(String text, int at) {
        if (at + GROUP > text.length() || !Chars.isUpper(text.charAt(at)) || !Chars.isUpper(text.charAt(at + 1))) {
            return null;
        }
        String country = text.substring(at, at + 2);
        Integer length = LENGTHS.get(country);
        int end = length == null ? -1 : end(text, at, length);
        boolean found = end > 0 && Chars.endsAt(text, end) && isValid(Chars.compact(text, at, end));
        return found ? new PiiSpan(at, end, PiiKind.IBAN, country) : null;
    }

    private static int end(String text, int start, int length) {
        int i = start;
        for (int read = 0; read < length; read++) {
            boolean mayBreak = read > 0 && read % GROUP == 0 && i < text.length();
            i += mayBreak && (Chars.isSpace(text.charAt(i)) || Chars.isDash(text.charAt(i))) ? 1 : 0;
            if (i >= text.length() || !Chars.matches('X', text.charAt(i))) {
                return -1;
            }
            i++;
        }
        return i;
    }

    private static boolean isValid(String iban) {
        String turned = iban.substring(GROUP) + iban.substring(0, GROUP);
        int remainder = 0;
        for (int i = 0; i < turned.length(); i++) {
            int value = Character.digit(turned.charAt(i), 36);
            remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
        }
        return remainder == 1;
    }

    private static Map<String, Integer> lengths(String list) {
        Map<String, Integer> map = new HashMap<>();
        for (String entry : list.split(" ")) {
            map.put(entry.substring(0, 2), Integer.parseInt(entry.substring(2)));
        }
        return Map.copyOf(map);
    }
}
