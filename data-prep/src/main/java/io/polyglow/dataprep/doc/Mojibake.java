package io.polyglow.dataprep.doc;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Repairs text that was UTF-8 and was read as a code page of one byte a character, such as {@code dÃ©jÃ } for {@code déjà}. The idea is ftfy's (Speer 2019, zenodo 2591652): try to go
 * back, and keep the result only when it is valid and better. Ours is stricter. A line is repaired when <em>all</em> its characters beyond ASCII are, in one code page, valid
 * sequences of UTF-8, and enough of these are pairs that no orthography writes (a capital letter of the code page followed by a sign). Clean text of any language has
 * other characters, or leaves bytes over, and is not touched; neither is a repaired line, so repairing twice changes nothing.
 */
final class Mojibake {
    /** Signs that do not follow a letter within a word: bytes 80 to BF of windows-1252 without letters, closing quotes, dashes, no-break space and soft hyphen. */
    private static final String SIGNS =
            "\u20AC\u201A\u201E\u2020\u2021\u02C6\u2030\u2039\u2018\u201C\u2022\u02DC\u203A¡¢£¤¥¦§¨©ª«¬®¯°±²³´¶·¸¹º¼½¾¿";

    private static final List<CodePage> PAGES = List.of(
            new CodePage("windows-1252", 1),
            new CodePage("ISO-8859-1", 1),
            new CodePage("IBM437", 3),
            new CodePage("windows-1251", 3),
            new CodePage("x-MacRoman", 3),
            new CodePage("windows-1250", 3));

    private Mojibake() {}

    /** The text with its mojibake repaired; lines are counted. */
    static Decoded repair(Decoded decoded) {
        String text = decoded.text();
        if (isAscii(text)) {
            return decoded;
        }
        StringBuilder out = new StringBuilder(text.length());
        int repaired = 0;
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start) + 1;
            end = end == 0 ? text.length() : end;
            String line = text.substring(start, end);
            String better = repairLine(line);
            repaired += better.equals(line) ? 0 : 1;
            out.append(better);
            start = end;
        }
        return repaired == 0
                ? decoded
                : new Decoded(out.toString(), decoded.repairs(), decoded.mojibakeRepairs() + repaired);
    }

    /** Repairs until nothing is left to repair: text may have been misread more than once. Every repair makes the line shorter. */
    private static String repairLine(String line) {
        String now = line;
        for (String better = repairOnce(now); better != null; better = repairOnce(now)) {
            now = better;
        }
        return now;
    }

    private static @Nullable String repairOnce(String line) {
        if (isAscii(line)) {
            return null;
        }
        for (CodePage page : PAGES) {
            String better = page.repair(line);
            if (better != null) {
                return better;
            }
        }
        return null;
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** A code page that UTF-8 was read as. Bytes that it leaves undefined are C1 controls, as browsers read them. */
    private static final class CodePage {
        private final byte[] byteOf = new byte[1 << 16];
        private final int evidenceNeeded;

        CodePage(String name, int evidenceNeeded) {
            this.evidenceNeeded = evidenceNeeded;
            Charset charset = Charset.forName(name);
            for (int b = 0x80; b <= 0xff; b++) {
                String c = new String(new byte[] {(byte) b}, charset);
                byteOf[c.length() == 1 && c.charAt(0) != '\uFFFD' ? c.charAt(0) : b] = (byte) b;
            }
        }

        /** The line as it was before; null when it was not misread by this page. */
        @Nullable
        String repair(String line) {
            byte[] bytes = new byte[line.length()];
            for (int i = 0; i < bytes.length; i++) {
                char c = line.charAt(i);
                bytes[i] = c < 0x80 ? (byte) c : byteOf[c];
                if (bytes[i] == 0 && c != 0) {
                    return null;
                }
            }
            return evidence(line, bytes) < evidenceNeeded ? null : decode(bytes);
        }

        /** Sequences that hold a sign no letter is followed by; for pages of other scripts, all sequences. */
        private int evidence(String line, byte[] bytes) {
            int found = 0;
            for (int i = 0; i + 1 < bytes.length; i++) {
                boolean starts = (bytes[i] & 0xff) >= 0xC2 && (bytes[i + 1] & 0xC0) == 0x80;
                found += starts && (evidenceNeeded > 1 || isImprobable(line, i)) ? 1 : 0;
            }
            return found;
        }

        private static boolean isImprobable(String line, int lead) {
            char next = line.charAt(lead + 1);
            return SIGNS.indexOf(next) >= 0 || (next >= 0x80 && next < 0xA0);
        }

        private static @Nullable String decode(byte[] bytes) {
            try {
                CharBuffer chars = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
                return chars.toString();
            } catch (CharacterCodingException e) {
                return null;
            }
        }
    }
}
