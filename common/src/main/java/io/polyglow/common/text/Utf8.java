package io.polyglow.common.text;

/** Strict UTF-8 (Unicode 16, table 3-7) over bytes that may be anything. */
public final class Utf8 {
    /** What {@link #decode} answers for a byte that does not start a well-formed sequence; such a byte counts as one character. */
    public static final int INVALID = -1;

    private Utf8() {}

    /** {@code codePoint << 3 | length in bytes} of the sequence at {@code at}, or {@link #INVALID}: overlong, surrogate, cut off, beyond U+10FFFF. */
    public static int decode(byte[] utf8, int at, int limit) {
        int lead = utf8[at] & 0xFF;
        if (lead < 0x80) {
            return lead << 3 | 1;
        }
        if (lead < 0xE0) {
            return lead < 0xC2 || limit - at < 2 ? INVALID : two(lead, utf8[at + 1]);
        }
        if (lead < 0xF0) {
            return limit - at < 3 ? INVALID : three(lead, utf8[at + 1], utf8[at + 2]);
        }
        return lead > 0xF4 || limit - at < 4 ? INVALID : four(lead, utf8[at + 1], utf8[at + 2], utf8[at + 3]);
    }

    private static int two(int lead, int second) {
        return isTrail(second) ? ((lead & 0x1F) << 6 | (second & 0x3F)) << 3 | 2 : INVALID;
    }

    private static int three(int lead, int second, int third) {
        int codePoint = (lead & 0xF) << 12 | (second & 0x3F) << 6 | (third & 0x3F);
        boolean wellFormed =
                isTrail(second) && isTrail(third) && codePoint >= 0x800 && (codePoint < 0xD800 || codePoint > 0xDFFF);
        return wellFormed ? codePoint << 3 | 3 : INVALID;
    }

    private static int four(int lead, int second, int third, int fourth) {
        int codePoint = (lead & 7) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | (fourth & 0x3F);
        boolean wellFormed = isTrail(second)
                && isTrail(third)
                && isTrail(fourth)
                && codePoint >= Character.MIN_SUPPLEMENTARY_CODE_POINT
                && codePoint <= Character.MAX_CODE_POINT;
        return wellFormed ? codePoint << 3 | 4 : INVALID;
    }

    private static boolean isTrail(int signed) {
        return (signed & 0xC0) == 0x80;
    }

    /** Length in bytes of the character at {@code at}: 1 for an invalid byte. */
    public static int length(byte[] utf8, int at, int limit) {
        int decoded = decode(utf8, at, limit);
        return decoded == INVALID ? 1 : decoded & 7;
    }
}
