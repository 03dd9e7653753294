package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector loops over f32 buffers: a buffer, the byte of its first element, and a count n. Element-wise loops want n to be a multiple of
 * {@link #LANES}; reductions take any n and add in an order that depends on n and the machine's vector length only.
 *
 * <p>Each loop of this package is a small static method of its own that calls the Vector API directly and carries few vectors, because
 * the compiler of Java 17 is fragile: as soon as it cannot see one operation inlined, all vectors of the loop go through the heap. It does so at random where a
 * caller swallows a loop, so {@code -XX:CompileCommand=dontinline} keeps this package's loops apart (see the project's JVM options).
 */
public final class Loops {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    public static final int LANES = F.length();

    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 355f / 512;
    private static final float LN2_LOW = -2.1219444e-4f;
    /** Adding it leaves the nearest integer in the low bits of the fraction. */
    private static final float ROUNDER = 12582912f;

    private static final int ONE_BITS = 0x3F800000;
    /** Below, 2^n is not a normal number: results stop at about 1.2e-38. */
    private static final float EXP_MIN = -87.33f;
    /** Here 2^n is infinite. */
    private static final float EXP_MAX = 89f;

    private Loops() {}

    /** The largest multiple of the lanes up to n. */
    public static int body(int n) {
        return n & -LANES;
    }

    /** The smallest multiple of the lanes from n on. */
    public static int whole(int n) {
        return (n + LANES - 1) & -LANES;
    }

    /** {@code out = value}; any n. */
    public static void fill(ByteBuffer out, int o, int n, float value) {
        int body = body(n);
        FloatVector v = FloatVector.broadcast(F, value);
        for (int i = 0; i < body; i += LANES) {
            v.intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < n; i++) {
            out.putFloat(o + 4 * i, value);
        }
    }

    /** {@code out += x}. */
    public static void add(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN)
                    .add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x + y}. */
    public static void sum(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer y, int yi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .add(fromByteBuffer(F, y, yi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x}. */
    public static void copy(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out *= factor}. */
    public static void scale(ByteBuffer out, int o, int n, float factor) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN).mul(factor).intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** The sum of x, in four times as many partial sums as lanes, which keeps rounding errors small; any n. */
    public static float sum(ByteBuffer x, int xi, int n) {
        int quads = n & -(4 * LANES);
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        FloatVector c = FloatVector.zero(F);
        FloatVector d = FloatVector.zero(F);
        for (int i = 0; i < quads; i += 4 * LANES) {
            a = a.add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN));
            b = b.add(fromByteBuffer(F, x, xi + 4 * (i + LANES), LITTLE_ENDIAN));
            c = c.add(fromByteBuffer(F, x, xi + 4 * (i + 2 * LANES), LITTLE_ENDIAN));
            d = d.add(fromByteBuffer(F, x, xi + 4 * (i + 3 * LANES), LITTLE_ENDIAN));
        }
        int body = body(n);
        for (int i = quads; i < body; i += LANES) {
            a = a.add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN));
        }
        float total = a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            total += x.getFloat(xi + 4 * i);
        }
        return total;
    }

    /** The largest x, or NaN if there is one; any n. */
    public static float max(ByteBuffer x, int xi, int n) {
        int body = body(n);
        FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < body; i += LANES) {
            max = max.max(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN));
        }
        float result = max.reduceLanes(VectorOperators.MAX);
        for (int i = body; i < n; i++) {
            result = Math.max(result, x.getFloat(xi + 4 * i));
        }
        return result;
    }

    /** The sum of {@code x y}; any n. */
    public static float dot(ByteBuffer x, int xi, ByteBuffer y, int yi, int n) {
        int body = body(n);
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < body; i += LANES) {
            sum = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .fma(fromByteBuffer(F, y, yi + 4 * i, LITTLE_ENDIAN), sum);
        }
        float total = sum.reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            total += x.getFloat(xi + 4 * i) * y.getFloat(yi + 4 * i);
        }
        return total;
    }

    /** The sum of {@code (x - centre)^2}; any n. */
    public static float squares(ByteBuffer x, int xi, int n, float centre) {
        int body = body(n);
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < body; i += LANES) {
            FloatVector d = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).sub(centre);
            sum = d.fma(d, sum);
        }
        float total = sum.reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            float d = x.getFloat(xi + 4 * i) - centre;
            total += d * d;
        }
        return total;
    }

    /**
     * {@code out = factor * exp(scale * x + shift)}, to about 2 ulp between 1.2e-38 (which stands for everything below) and 2e38 (above: infinity); out may be x. {@code e^y = 2^n e^r} with n the integer nearest to y / ln 2, ln 2 in two
     * parts (Cody and Waite 1980), and a polynomial of degree 6 with the coefficients of Cephes' {@code expf} (Moshier).
     */
    public static void exp(ByteBuffer out, int o, ByteBuffer x, int xi, int n, float scale, float shift, float factor) {
        FloatVector shifts = FloatVector.broadcast(F, shift);
        FloatVector scales = FloatVector.broadcast(F, scale);
        for (int i = 0; i < n; i += LANES) {
            FloatVector y = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .fma(scales, shifts)
                    .max(EXP_MIN)
                    .min(EXP_MAX);
            FloatVector t = y.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUNDER));
            FloatVector k = t.sub(ROUNDER);
            FloatVector r = k.fma(FloatVector.broadcast(F, -LN2_HIGH), y).sub(k.mul(LN2_LOW));
            FloatVector p = r.fma(FloatVector.broadcast(F, 1.9875691e-4f), FloatVector.broadcast(F, 1.3981999e-3f))
                    .fma(r, FloatVector.broadcast(F, 8.333452e-3f))
                    .fma(r, FloatVector.broadcast(F, 4.1665796e-2f))
                    .fma(r, FloatVector.broadcast(F, 1.6666666e-1f))
                    .fma(r, FloatVector.broadcast(F, 0.5f))
                    .fma(r.mul(r), r)
                    .add(1f);
            IntVector exponent =
                    t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
            p.mul(exponent.reinterpretAsFloats()).mul(factor).intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code dS = p (dS - mean) scale}, from the gradient of probabilities p to that of their scores, in place. */
    public static void scoreGradient(ByteBuffer x, int dS, int p, int n, float mean, float scale) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, dS + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .mul(scale)
                    .mul(fromByteBuffer(F, x, p + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(x, dS + 4 * i, LITTLE_ENDIAN);
        }
    }
}
