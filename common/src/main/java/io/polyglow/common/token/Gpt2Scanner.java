package io.polyglow.common.token;

/** The scanner of {@link PreTokenPattern#GPT2}: a character decides which alternative of the regex can match, and a run of its class follows. */
final class Gpt2Scanner {
    private Gpt2Scanner() {}

    static int end(byte[] utf8, int start, int limit) {
        if (utf8[start] == '\'') {
            int contraction = contraction(utf8, start + 1, limit);
            if (contraction > 0) {
                return start + 1 + contraction;
            }
        }
        boolean prefixed = utf8[start] == ' ' && start + 1 < limit;
        int first = prefixed ? start + 1 : start;
        byte type = typeAt(utf8, first, limit);
        return type == UnicodeTable.SPACE ? spaceEnd(utf8, start, limit) : runEnd(utf8, first, limit, type);
    }

    /** Bytes of {@code s t m d re ve ll} at {@code at}, else 0. */
    private static int contraction(byte[] utf8, int at, int limit) {
        if (at == limit) {
            return 0;
        }
        byte first = utf8[at];
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return 1;
        }
        byte second = at + 1 < limit ? utf8[at + 1] : 0;
        boolean two = second == 'e' ? first == 'r' || first == 'v' : second == 'l' && first == 'l';
        return two ? 2 : 0;
    }

    /** {@code \s+(?!\S)|\s+}: all white space at the end of the text, else all but the last character, which belongs to what follows. */
    private static int spaceEnd(byte[] utf8, int start, int limit) {
        int last = start;
        int end = start;
        while (end < limit && typeAt(utf8, end, limit) == UnicodeTable.SPACE) {
            last = end;
            end += Utf8.length(utf8, end, limit);
        }
        return end == limit || last == start ? end : last;
    }

    private static int runEnd(byte[] utf8, int start, int limit, byte type) {
        int end = start;
        while (end < limit && typeAt(utf8, end, limit) == type) {
            end += Utf8.length(utf8, end, limit);
        }
        return end;
    }

    private static byte typeAt(byte[] utf8, int at, int limit) {
        int decoded = Utf8.decode(utf8, at, limit);
        return decoded == Utf8.INVALID ? UnicodeTable.OTHER : UnicodeTable.classOf(decoded >>> 3);
    }
}
