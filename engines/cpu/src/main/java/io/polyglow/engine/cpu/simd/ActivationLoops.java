package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector loops of GELU and SwiGLU. The e of the legends is {@code exp(-x)} of what goes into the sigmoid: see {@link Loops#exp}. */
public final class ActivationLoops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final int LANES = Loops.LANES;

    /** Beyond, GELU's slope is 0 or 1 in f32; up to here nothing overflows on the way to it. */
    public static final float GELU_FLAT = 10;

    /** {@code 2u = SCALE x (1 + CUBIC x^2)}. */
    private static final float SCALE = (float) (2 * Math.sqrt(2 / Math.PI));

    private static final float CUBIC = 0.044715f;
    /** As {@link #GELU_FLAT}, for SiLU. */
    private static final float SILU_FLAT = 87;

    private static final float SILU_MOST = 1e37f;

    private ActivationLoops() {}

    /** {@code out = -2u}, for x no larger than the limit. */
    public static void geluExponents(ByteBuffer out, ByteBuffer x, int xi, int n, float limit) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v =
                    fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).max(-limit).min(limit);
            v.mul(v).mul(CUBIC).add(1f).mul(v).mul(-SCALE).intoByteBuffer(out, 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x / (1 + e)}. */
    public static void timesSigmoid(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer e, int ei, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .div(fromByteBuffer(F, e, ei + 4 * i, LITTLE_ENDIAN).add(1f))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** With s the sigmoid of 2u: {@code dX = dOut (s + x s (1 - s) 2u')}. */
    public static void geluGradient(
            ByteBuffer dX, int dxi, ByteBuffer dOut, int dyi, ByteBuffer x, int xi, ByteBuffer e, int n) {
        FloatVector one = FloatVector.broadcast(F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .max(-GELU_FLAT)
                    .min(GELU_FLAT);
            FloatVector w = fromByteBuffer(F, e, 4 * i, LITTLE_ENDIAN);
            FloatVector s = one.div(w.add(1f));
            FloatVector slope = v.mul(v).mul(3 * CUBIC).add(1f).mul(SCALE);
            v.mul(s)
                    .mul(w.mul(s))
                    .fma(slope, s)
                    .mul(fromByteBuffer(F, dOut, dyi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dX, dxi + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = gate / (1 + e) * up}. */
    public static void swiglu(
            ByteBuffer out, int o, ByteBuffer gate, int gi, ByteBuffer up, int ui, ByteBuffer e, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, gate, gi + 4 * i, LITTLE_ENDIAN)
                    .div(fromByteBuffer(F, e, 4 * i, LITTLE_ENDIAN).add(1f))
                    .mul(fromByteBuffer(F, up, ui + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** With s the sigmoid of x: {@code out = s (1 + x (1 - s))}. */
    public static void siluGradient(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer e, int n) {
        FloatVector one = FloatVector.broadcast(F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector w = fromByteBuffer(F, e, 4 * i, LITTLE_ENDIAN).min(SILU_MOST);
            FloatVector s = one.div(w.add(1f));
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .max(-SILU_FLAT)
                    .min(SILU_FLAT)
                    .mul(w.mul(s))
                    .fma(s, s)
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out *= x}. */
    public static void multiply(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN)
                    .mul(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }
}
