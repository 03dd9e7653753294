package io.polyglow.dataprep.clean;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;

/** The dominant script of a text, by Unicode's Script property. */
public final class Scripts {
    /** ISO 15924 code for "no script found". */
    public static final String UNKNOWN = "Zyyy";

    private static final String JAPANESE = "Jpan";
    private static final int SCRIPTS = UCharacter.getIntPropertyMaxValue(UProperty.SCRIPT) + 1;
    private static final int KANA_IN_JAPANESE_PERCENT = 5;

    private Scripts() {}

    /**
     * ISO 15924 code of the script that most letters belong to; ties go to the script that Unicode numbers first. Han with kana
     * among it is {@code Jpan}.
     */
    public static String dominant(String text) {
        int[] counts = new int[SCRIPTS];
        text.codePoints().forEach(c -> counts[UScript.getScript(c)]++);
        counts[UScript.COMMON] = 0;
        counts[UScript.INHERITED] = 0;
        counts[UScript.UNKNOWN] = 0;
        int best = indexOfMax(counts);
        if (counts[best] == 0) {
            return UNKNOWN;
        }
        return isJapanese(counts, best) ? JAPANESE : UScript.getShortName(best);
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
