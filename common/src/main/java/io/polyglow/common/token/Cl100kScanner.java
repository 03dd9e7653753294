package io.polyglow.common.token;

/** The scanner of {@link PreTokenPattern#CL100K} and of its variants: numbers in groups of at most {@code digits}. */
final class Cl100kScanner {
    private Cl100kScanner() {}

    static int scan(byte[] utf8, int start, int limit, int digits, int[] ends) {
        int count = 0;
        for (int at = start; at < limit && count < ends.length; ) {
            at = end(utf8, at, limit, digits);
            ends[count++] = at;
        }
        return count;
    }

    static int end(byte[] utf8, int start, int limit, int digits) {
        int found = UnicodeTable.classAt(utf8, start, limit);
        int next = start + (found >>> 8);
        if ((found & UnicodeTable.LETTER) != 0) {
            return UnicodeTable.runEnd(utf8, next, limit, UnicodeTable.LETTER);
        }
        if ((found & UnicodeTable.NUMBER) != 0) {
            return numberEnd(utf8, next, limit, digits);
        }
        byte lead = utf8[start];
        if (lead == '\'') {
            int contraction = Contractions.endIgnoringCase(utf8, start, limit);
            if (contraction > start) {
                return contraction;
            }
        }
        int second = next < limit ? UnicodeTable.classAt(utf8, next, limit) : 0;
        if ((second & UnicodeTable.LETTER) != 0 && !isNewline(lead)) {
            return UnicodeTable.runEnd(utf8, next + (second >>> 8), limit, UnicodeTable.LETTER);
        }
        if ((found & UnicodeTable.SPACE) != 0 && (lead != ' ' || (second & UnicodeTable.SYMBOL) == 0)) {
            return spaceEnd(utf8, start, limit);
        }
        int end = UnicodeTable.runEnd(utf8, next, limit, UnicodeTable.SYMBOL);
        while (end < limit && isNewline(utf8[end])) {
            end++;
        }
        return end;
    }

    /** {@code \p{N}{1,digits}}, whose first character ends at {@code second}. */
    static int numberEnd(byte[] utf8, int second, int limit, int digits) {
        int end = second;
        for (int count = 1; count < digits && end < limit; count++) {
            int found = UnicodeTable.classAt(utf8, end, limit);
            if ((found & UnicodeTable.NUMBER) == 0) {
                break;
            }
            end += found >>> 8;
        }
        return end;
    }

    /** {@code \s*[\r\n]+|\s+(?!\S)|\s+}: up to the last line break, else like GPT-2. */
    static int spaceEnd(byte[] utf8, int start, int limit) {
        int newlineEnd = start;
        int last = start;
        int end = start;
        while (end < limit) {
            int found = UnicodeTable.classAt(utf8, end, limit);
            if ((found & UnicodeTable.SPACE) == 0) {
                break;
            }
            last = end;
            end += found >>> 8;
            newlineEnd = isNewline(utf8[last]) ? end : newlineEnd;
        }
        if (newlineEnd > start) {
            return newlineEnd;
        }
        return end == limit || last == start ? end : last;
    }

    static boolean isNewline(byte lead) {
        return lead == '\n' || lead == '\r';
    }
}
