package io.polyglow.common.token;

/** Strict UTF-8 (Unicode 16, table 3-7) over bytes that may be anything. */
final class Utf8 {
    /** What {@link #decode} answers for a byte that does not start a well-formed sequence; such a byte counts as one character. */
    static final int INVALID = -1;

    private static final int[] SMALLEST = {0, 0, 0x80, 0x800, 0x10000};

    private Utf8() {}

    /** {@code codePoint << 3 | length in bytes} of the sequence at {@code at}, or {@link #INVALID}: overlong, surrogate, cut off, beyond U+10FFFF. */
    static int decode(byte[] utf8, int at, int limit) {
        int lead = utf8[at] & 0xFF;
        if (lead < 0x80) {
            return lead << 3 | 1;
        }
        int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (lead < 0xC2 || lead > 0xF4 || limit - at < length) {
            return INVALID;
        }
        int codePoint = lead & (0xFF >> (length + 1));
        for (int i = at + 1; i < at + length; i++) {
            if ((utf8[i] & 0xC0) != 0x80) {
                return INVALID;
            }
            codePoint = codePoint << 6 | (utf8[i] & 0x3F);
        }
        boolean surrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
        boolean wellFormed = codePoint >= SMALLEST[length] && codePoint <= 0x10FFFF && !surrogate;
        return wellFormed ? codePoint << 3 | length : INVALID;
    }

    /** Length in bytes of the character at {@code at}: 1 for an invalid byte. */
    static int length(byte[] utf8, int at, int limit) {
        int decoded = decode(utf8, at, limit);
        return decoded == INVALID ? 1 : decoded & 7;
    }
}
