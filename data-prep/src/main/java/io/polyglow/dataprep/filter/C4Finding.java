package io.polyglow.dataprep.filter;

/** What C4 may find in a line. */
public enum C4Finding {
    /** A word, cut at white space, of more than 1,000 code points. */
    LONG_WORD(0),
    /** The line does not end with {@code . ? ! " '}, or ends with {@code ...}. */
    NO_END_MARK(1),
    /** Fewer than three words, cut at white space. */
    FEW_WORDS(2),
    /** The line names JavaScript. */
    JAVASCRIPT(3),
    /** The line speaks of cookies, of terms of use or of a privacy policy. */
    POLICY(4),
    /** The line holds {@code lorem ipsum}. */
    LOREM_IPSUM(5),
    /** The line holds an opening curly bracket. */
    CURLY_BRACKET(6);

    private final int bit;

    C4Finding(int position) {
        bit = 1 << position;
    }

    /** The bit of this finding in {@link QualityStats.LineSpan#findings}. */
    public int bit() {
        return bit;
    }

    boolean in(int findings) {
        return (findings & bit) != 0;
    }
}
