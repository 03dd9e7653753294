package io.polyglow.dataprep.language;

import com.ibm.icu.lang.UCharacter;

/**
 * A bounded part of a text as one line: whole when it is short, else eight pieces spread evenly over it, cut at white space where some is near. Line breaks become spaces, since fastText's models
 * were trained on single lines and stop at the first (datatrove does the same, {@code utils/lid.py}).
 */
final class TextSample {
    private static final int PIECES = 8;
    private static final int MAX_WORD = 32;

    private TextSample() {}

    /** The sample of {@code text[start, end)}, of at most {@code maxChars} UTF-16 units and as many spaces as pieces. */
    static String of(String text, int start, int end, int maxChars) {
        if (end - start <= maxChars) {
            return line(text.substring(start, end));
        }
        int piece = maxChars / PIECES;
        StringBuilder sample = new StringBuilder(maxChars + PIECES);
        for (int i = 0; i < PIECES; i++) {
            int from = start + (int) ((long) (end - start - piece) * i / (PIECES - 1));
            int first = i == 0 ? from : afterSpace(text, from, from + Math.min(MAX_WORD, piece));
            int last =
                    i == PIECES - 1 ? end : beforeSpace(text, from + piece - Math.min(MAX_WORD, piece), from + piece);
            sample.append(text, first, Math.max(first, last)).append(' ');
        }
        return line(sample.toString());
    }

    private static String line(String text) {
        return text.replace('\n', ' ');
    }

    private static int afterSpace(String text, int from, int limit) {
        for (int i = from; i < limit; i++) {
            if (UCharacter.isWhitespace(text.charAt(i))) {
                return i + 1;
            }
        }
        return Character.isLowSurrogate(text.charAt(from)) ? from + 1 : from;
    }

    private static int beforeSpace(String text, int limit, int to) {
        for (int i = to - 1; i >= limit; i--) {
            if (UCharacter.isWhitespace(text.charAt(i))) {
                return i;
            }
        }
        return Character.isHighSurrogate(text.charAt(to - 1)) ? to - 1 : to;
    }
}
