package io.polyglow.dataprep.language;

import com.ibm.icu.util.ULocale;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Language codes: what ISO 639-1, -2/T, -2/B and -3 codes and English names mean, as one ISO 639-3 code of an individual language. */
final class Iso639 {
    private static final int ALPHA_3 = 3;
    private static final Set<String> NO_LANGUAGE = Set.of("und", "zxx", "mul", "mis", "root");

    /** ISO 639-2/B (bibliographic) codes that differ from the terminological ones. */
    private static final Map<String, String> BIBLIOGRAPHIC = pairs(
            "alb sqi, arm hye, baq eus, bur mya, chi zho, cze ces, dut nld, fre fra, geo kat, ger deu, gre ell, ice isl, mac mkd, mao mri, may msa,"
                    + " per fas, rum ron, slo slk, tib bod, wel cym");

    /** Codes that were withdrawn, with their successors. */
    private static final Map<String, String> WITHDRAWN =
            pairs("tl fil, iw heb, in ind, ji ydd, jw jav, mo ron, mol ron, sh srp, scc srp, scr hrv");

    /**
     * Macrolanguages and the individual language that stands for them among FineWeb-2's 1,929 labels (file names of huggingface/fineweb-2 {@code configs/}),
     * which are GlotLID's; and the members that GlotLID does not tell apart from their macrolanguage ({@code fas}, {@code fil}, {@code srd}, {@code doi}).
     */
    private static final Map<String, String> MEANT = pairs(
            "ara arb, aym ayr, aze azj, bik bcl, cre crk, din dik, est ekk, ful fuv, grn gug, iku ike, kau knc, kok gom, kur kmr, lah pnb, lav lvs,"
                    + " mlg plt, mon khk, msa zsm, nep npi, nor nob, ori ory, orm gaz, pus pbt, que quy, sqi als, swa swh, uzb uzn, yid ydd, zho cmn,"
                    + " aka twi, chm mhr, hmn mww, pes fas, prs fas, tgl fil, sro srd, src srd, sdc srd, sdn srd, dgo doi");

    private static final Map<String, String> CLDR = cldrCodes();
    private static final Map<String, String> BY_ENGLISH_NAME = codesByEnglishName();

    private Iso639() {}

    /** The ISO 639-3 code that a code of two or three letters means; empty when it names no language or, with two letters, none that exists. */
    static Optional<String> canonical(String code) {
        String lower = code.toLowerCase(Locale.ROOT);
        String current = WITHDRAWN.getOrDefault(lower, lower);
        String alpha3 = current.length() == ALPHA_3 ? current : new ULocale(current).getISO3Language();
        if (alpha3.isEmpty() || NO_LANGUAGE.contains(alpha3)) {
            return Optional.empty();
        }
        String terminological = BIBLIOGRAPHIC.getOrDefault(alpha3, alpha3);
        return Optional.of(MEANT.getOrDefault(terminological, terminological));
    }

    /** The code of the language with this English name in CLDR. */
    static Optional<String> ofEnglishName(String name) {
        return Optional.ofNullable(BY_ENGLISH_NAME.get(name.toLowerCase(Locale.ROOT)));
    }

    /** The code that CLDR files the language under: its macrolanguage's of two letters where there is one. */
    static String cldr(String iso3) {
        return CLDR.getOrDefault(iso3, iso3);
    }

    private static Map<String, String> codesByEnglishName() {
        Map<String, String> codes = new HashMap<>();
        for (String code : ULocale.getISOLanguages()) {
            String name = ULocale.getDisplayLanguage(code, ULocale.ENGLISH).toLowerCase(Locale.ROOT);
            canonical(code).filter(iso3 -> !name.equals(code)).ifPresent(iso3 -> codes.putIfAbsent(name, iso3));
        }
        return Map.copyOf(codes);
    }

    private static Map<String, String> cldrCodes() {
        Map<String, String> codes = new HashMap<>();
        for (String code : ULocale.getISOLanguages()) {
            if (code.length() < ALPHA_3 && !WITHDRAWN.containsKey(code)) {
                canonical(code).ifPresent(iso3 -> codes.put(iso3, code));
            }
        }
        return Map.copyOf(codes);
    }

    private static Map<String, String> pairs(String list) {
        Map<String, String> map = new HashMap<>();
        for (String pair : list.split(", ")) {
            String[] fromTo = pair.split(" ");
            map.put(fromTo[0], fromTo[1]);
        }
        return Map.copyOf(map);
    }
}
