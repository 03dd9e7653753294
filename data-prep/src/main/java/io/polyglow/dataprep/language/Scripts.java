package io.polyglow.dataprep.language;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;
import java.util.Map;

/**
 * The dominant script of a text, by Unicode's Script property (UAX #24). Scripts are ISO 15924 codes in the convention of GlotLID and FineWeb-2:
 * Han is {@code Hani} whether simplified or traditional, Han with kana among it is {@code Jpan}, Hangul with or without Han is {@code Hang}.
 */
public final class Scripts {
    /** The code for "no letter found". */
    public static final String UNKNOWN = "Zyyy";

    private static final String JAPANESE = "Jpan";
    private static final int SCRIPTS = UCharacter.getIntPropertyMaxValue(UProperty.SCRIPT) + 1;
    private static final int KANA_IN_JAPANESE_PERCENT = 5;
    private static final Map<String, String> CONVENTION = Map.of(
            "Hans", "Hani", "Hant", "Hani", "Hanb", "Hani", "Kore", "Hang", "Hira", JAPANESE, "Kana", JAPANESE, "Hrkt",
            JAPANESE, "Syre", "Syrc", "Aran", "Arab", "Latf", "Latn");

    private Scripts() {}

    /** The script that most letters of the text belong to; ties go to the script that Unicode numbers first. */
    public static String dominant(String text) {
        return dominant(text, 0, text.length());
    }

    /** The share of the letters of a text that a text in {@code script} can have, Han in Japanese for one. */
    static double share(String text, String script) {
        int[] counts = counts(text, 0, text.length());
        long all = 0;
        long fitting = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                String name = conventional(UScript.getShortName(i));
                all += counts[i];
                fitting += name.equals(script) || (script.equals(JAPANESE) && name.equals("Hani")) ? counts[i] : 0;
            }
        }
        return all == 0 ? 0 : (double) fitting / all;
    }

    private static int[] counts(String text, int start, int end) {
        int[] counts = new int[SCRIPTS];
        for (int i = start; i < end; ) {
            int c = text.codePointAt(i);
            counts[UScript.getScript(c)]++;
            i += Character.charCount(c);
        }
        counts[UScript.COMMON] = 0;
        counts[UScript.INHERITED] = 0;
        counts[UScript.UNKNOWN] = 0;
        return counts;
    }

    /** The script that most letters of {@code text[start, end)} belong to. */
    public static String dominant(String text, int start, int end) {
        int[] counts = counts(text, start, end);
        int best = indexOfMax(counts);
        if (counts[best] == 0) {
            return UNKNOWN;
        }
        return isJapanese(counts, best) ? JAPANESE : conventional(UScript.getShortName(best));
    }

    /** An ISO 15924 code in the convention of the labels: {@code Hant} is {@code Hani}, {@code Kore} is {@code Hang}. */
    static String conventional(String script) {
        return CONVENTION.getOrDefault(script, script);
    }

    private static boolean isJapanese(int[] counts, int best) {
        int kana = counts[UScript.HIRAGANA] + counts[UScript.KATAKANA];
        boolean eastAsian = best == UScript.HAN || best == UScript.HIRAGANA || best == UScript.KATAKANA;
        return eastAsian && 100L * kana > (long) KANA_IN_JAPANESE_PERCENT * (kana + counts[UScript.HAN]);
    }

    private static int indexOfMax(int[] counts) {
        int best = 0;
        for (int i = 1; i < counts.length; i++) {
            if (counts[i] > counts[best]) {
                best = i;
            }
        }
        return best;
    }
}
