package io.polyglow.dataprep.pii;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Countries whose national phone numbers are to be expected in a language, the largest first (CLDR's territory-language data, cut to those with most speakers online). */
final class Regions {
    private static final Map<String, List<String>> BY_LANGUAGE = parse(
            "afr ZA; als AL XK; amh ET; arb EG SA MA; azj AZ; bel BY; ben BD IN; bos BA; bul BG; cat ES; ceb PH; ces CZ; cmn CN TW; dan DK; deu DE AT CH; ekk EE; ell GR CY; eng US GB IN; eus ES;"
                    + " fas IR; fil PH; fin FI; fra FR CA BE; gle IE; glg ES; guj IN; hau NG; heb IL; hin IN; hrv HR; hun HU; hye AM; ind ID; isl IS; ita IT CH; jav ID; jpn JP; kan IN; kat GE; kaz KZ;"
                    + " khm KH; kir KG; kor KR; lao LA; lit LT; lvs LV; mal IN; mar IN; mkd MK; mlt MT; mya MM; nld NL BE; nno NO; nob NO; npi NP; ory IN; pan IN; pol PL; por BR PT; ron RO MD; rus RU KZ BY;"
                    + " sin LK; slk SK; slv SI; som SO; spa ES MX AR; srp RS BA; swe SE FI; swh TZ KE; tam IN LK; tel IN; tgk TJ; tha TH; tur TR; ukr UA; urd PK IN; uzn UZ; vie VN; yue HK; zsm MY; zul ZA");

    private Regions() {}

    /** The countries of a language (ISO 639-3); none for a language that is not listed. */
    static List<String> of(String language) {
        return BY_LANGUAGE.getOrDefault(language, List.of());
    }

    private static Map<String, List<String>> parse(String table) {
        Map<String, List<String>> regions = new HashMap<>();
        for (String entry : table.split("; ")) {
            List<String> words = List.of(entry.split(" "));
            regions.put(words.get(0), words.subList(1, words.size()));
        }
        return Map.copyOf(regions);
    }
}
