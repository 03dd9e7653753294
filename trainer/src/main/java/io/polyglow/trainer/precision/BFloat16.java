package io.polyglow.trainer.precision;

/** bfloat16: the upper half of a binary32 (8 exponent bits, 7 fraction bits). */
public final class BFloat16 {
    private static final int ROUND = 0x7FFF;
    private static final int QUIET = 0x40;

    private BFloat16() {}

    /** Rounds to nearest, ties to even; overflows to infinity; a NaN stays a (quiet) NaN. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | QUIET);
        }
        return (short) ((bits + ROUND + ((bits >>> 16) & 1)) >>> 16);
    }

    /** Exact. */
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
