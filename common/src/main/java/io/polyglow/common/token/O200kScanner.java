package io.polyglow.common.token;

/**
 * The scanner of {@link PreTokenPattern#O200K} and of its variants: words begin anew at a capital after a small letter, and marks belong to words.
 */
final class O200kScanner {
    /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}: what may stand before the small letters of a word. */
    private static final int HEAD = UnicodeTable.UPPER | UnicodeTable.CASELESS | UnicodeTable.MARK;

    /** {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}. */
    private static final int TAIL = UnicodeTable.LOWER | UnicodeTable.CASELESS | UnicodeTable.MARK;

    private static final int NONE = -1;

    private O200kScanner() {}

    static int scan(byte[] utf8, int start, int limit, boolean contractions, int digits, int[] ends) {
        int count = 0;
        for (int at = start; at < limit && count < ends.length; ) {
            at = end(utf8, at, limit, contractions, digits);
            ends[count++] = at;
        }
        return count;
    }

    static int end(byte[] utf8, int start, int limit, boolean contractions, int digits) {
        int found = UnicodeTable.classAt(utf8, start, limit);
        int next = start + (found >>> 8);
        if ((found & UnicodeTable.NUMBER) != 0) {
            return Cl100kScanner.numberEnd(utf8, next, limit, digits);
        }
        byte lead = utf8[start];
        int word = (found & UnicodeTable.LETTER) != 0
                ? wordEnd(utf8, start, limit, true)
                : Cl100kScanner.isNewline(lead) ? NONE : wordEnd(utf8, next, limit, (found & UnicodeTable.MARK) == 0);
        if (word == NONE && (found & UnicodeTable.MARK) != 0) {
            word = next; // a mark is a word by itself
        }
        if (word != NONE) {
            return contractions && word < limit && utf8[word] == '\''
                    ? Contractions.endIgnoringCase(utf8, word, limit)
                    : word;
        }
        if ((found & UnicodeTable.SPACE) != 0) {
            int second = lead == ' ' && next < limit ? UnicodeTable.classAt(utf8, next, limit) : 0;
            if ((second & UnicodeTable.SYMBOL) == 0) {
                return Cl100kScanner.spaceEnd(utf8, start, limit);
            }
        }
        return symbolEnd(utf8, next, limit);
    }

    /**
     * {@code H*T+}, or else, where {@code capitals} may be words by themselves, {@code H+}; or {@link #NONE}. {@code H*} takes all it can; when no small letter follows it gives back what
     * stands after its last character that is also in T.
     */
    private static int wordEnd(byte[] utf8, int start, int limit, boolean capitals) {
        int end = start;
        int lastInBoth = NONE;
        while (end < limit) {
            int found = UnicodeTable.classAt(utf8, end, limit);
            if ((found & HEAD) == 0) {
                if ((found & TAIL) != 0) {
                    return UnicodeTable.runEnd(utf8, end + (found >>> 8), limit, TAIL);
                }
                break;
            }
            end += found >>> 8;
            lastInBoth = (found & TAIL) == 0 ? lastInBoth : end;
        }
        if (lastInBoth != NONE) {
            return lastInBoth;
        }
        return capitals && end > start ? end : NONE;
    }

    /** {@code [^\s\p{L}\p{N}]+[\r\n/]*}, whose first character ends at {@code second}. */
    private static int symbolEnd(byte[] utf8, int second, int limit) {
        int end = UnicodeTable.runEnd(utf8, second, limit, UnicodeTable.SYMBOL);
        while (end < limit && (Cl100kScanner.isNewline(utf8[end]) || utf8[end] == '/')) {
            end++;
        }
        return end;
    }
}
