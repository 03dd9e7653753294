package io.polyglow.common.token;

/**
 * The scanner of {@link PreTokenPattern#GPT2} and of its variant with digits apart: a character decides which alternative of the regex can match, and a
 * run of its class follows.
 */
final class Gpt2Scanner {
    private Gpt2Scanner() {}

    static int scan(byte[] utf8, int start, int limit, boolean digitsApart, int[] ends) {
        int count = 0;
        for (int at = start; at < limit && count < ends.length; ) {
            at = end(utf8, at, limit, digitsApart);
            ends[count++] = at;
        }
        return count;
    }

    /** {@code digitsApart}: every number is a pre-token, and what stands before it is cut as if the text ended there. */
    static int end(byte[] utf8, int start, int limit, boolean digitsApart) {
        byte lead = utf8[start];
        if (lead == '\'') {
            int contraction = Contractions.end(utf8, start, limit);
            if (contraction > start) {
                return contraction;
            }
        }
        int first = lead == ' ' && start + 1 < limit ? start + 1 : start;
        int found = UnicodeTable.classAt(utf8, first, limit);
        int next = first + (found >>> 8);
        if ((found & UnicodeTable.LETTER) != 0) {
            return UnicodeTable.runEnd(utf8, next, limit, UnicodeTable.LETTER);
        }
        if ((found & UnicodeTable.SPACE) != 0) {
            return spaceEnd(utf8, start, limit, digitsApart);
        }
        if ((found & UnicodeTable.SYMBOL) != 0) {
            return UnicodeTable.runEnd(utf8, next, limit, UnicodeTable.SYMBOL);
        }
        if (digitsApart) {
            return first > start ? first : next;
        }
        return UnicodeTable.runEnd(utf8, next, limit, UnicodeTable.NUMBER);
    }

    /** {@code \s+(?!\S)|\s+}: all white space at the end of the text, else all but the last character, which belongs to what follows. */
    private static int spaceEnd(byte[] utf8, int start, int limit, boolean digitsApart) {
        int last = start;
        int end = start;
        while (end < limit) {
            int found = UnicodeTable.classAt(utf8, end, limit);
            if ((found & UnicodeTable.SPACE) == 0) {
                boolean ends = digitsApart && (found & UnicodeTable.NUMBER) != 0;
                return ends || last == start ? end : last;
            }
            last = end;
            end += found >>> 8;
        }
        return end;
    }
}
