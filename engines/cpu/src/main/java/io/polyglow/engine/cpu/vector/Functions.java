package io.polyglow.engine.cpu.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Exponentials and bounds in as few instructions as can be. Bounds compare the bits of floats as integers, which takes one instruction; Java's minimum
 * and maximum of floats, with their rules for NaN and -0, take six.
 */
public final class Functions {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 355f / 512;
    private static final float LN2_LOW = -2.1219444e-4f;
    /** Adding it leaves n + 127, for the nearest integer n, in the low bits of the fraction: the exponent field of 2^n. */
    private static final float ROUNDER = 12582912f + 127;

    /** Bits of the rounded sum for which 2^n is 0, and for which it is infinite. */
    private static final int LEAST = Float.floatToRawIntBits(ROUNDER) - 127;

    private static final int MOST = LEAST + 255;
    /** More than half of ln 2. */
    private static final float HALF_LN2 = 0.35f;

    private static final int FRACTION_BITS = 23;
    private static final int SIGN_SHIFT = 31;

    private Functions() {}

    /**
     * {@code exp(-z)}, to about 2 ulp where that is a normal number; up to 1.2e-38 it becomes 0, and beyond 2e38 infinity. NaN gives NaN or infinity. {@code e^-z = 2^n e^-s} with n
     * the integer nearest to -z / ln 2, ln 2 in two parts (Cody and Waite 1980), and a polynomial of degree 6 whose relative error of 4e-9 is the least possible
     * (fitted by Remez's exchange).
     */
    public static FloatVector expOfMinus(FloatVector z) {
        IntVector t = z.fma(FloatVector.broadcast(F, -LOG2_E), FloatVector.broadcast(F, ROUNDER))
                .reinterpretAsInts()
                .max(LEAST)
                .min(MOST);
        FloatVector n = t.reinterpretAsFloats().sub(ROUNDER);
        FloatVector s = n.fma(FloatVector.broadcast(F, LN2_HIGH), z);
        s = atMost(n.fma(FloatVector.broadcast(F, LN2_LOW), s), HALF_LN2);
        return s.fma(FloatVector.broadcast(F, 1.3814467e-3f), FloatVector.broadcast(F, -8.368781e-3f))
                .fma(s, FloatVector.broadcast(F, 4.1668393e-2f))
                .fma(s, FloatVector.broadcast(F, -1.666652e-1f))
                .fma(s, FloatVector.broadcast(F, 0.49999994f))
                .fma(s, FloatVector.broadcast(F, -1f))
                .fma(s, FloatVector.broadcast(F, 1f))
                .mul(t.lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats());
    }

    /** The smaller one of v and a positive bound; a NaN of positive sign becomes the bound. */
    public static FloatVector atMost(FloatVector v, float bound) {
        return v.reinterpretAsInts().min(Float.floatToRawIntBits(bound)).reinterpretAsFloats();
    }

    /** Integers in the order of floats: -infinity ... -0, 0 ... infinity, and a NaN at the end that its sign says. */
    public static IntVector order(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        return bits.lanewise(VectorOperators.ASHR, SIGN_SHIFT)
                .lanewise(VectorOperators.AND, Integer.MAX_VALUE)
                .lanewise(VectorOperators.XOR, bits);
    }

    /** The float of an integer of {@link #order}. */
    public static float ordered(int order) {
        return Float.intBitsToFloat(((order >> SIGN_SHIFT) & Integer.MAX_VALUE) ^ order);
    }
}
