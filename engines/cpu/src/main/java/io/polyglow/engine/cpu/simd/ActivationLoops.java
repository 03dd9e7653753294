package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import io.polyglow.engine.cpu.vector.Functions;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector loops of GELU and SwiGLU. Both are x times a sigmoid {@code s(z) = 1 / (1 + e^-z)}: that of SiLU has z = x, and GELU's {@code 0.5 (1 + tanh(z / 2))} is the sigmoid of
 * {@code z = x (SCALE + CUBE x^2)}, which loses no digits for small z. The slope of a sigmoid is {@code s (e^-z s) z'}; backward the exponentials go through memory, because loops that long
 * the compiler of Java 17 gets wrong now and then: see {@link Loops}.
 */
public final class ActivationLoops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final int LANES = Loops.LANES;

    private static final float SCALE = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBE = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);
    /** For larger squares of x GELU's slope is 0 or 1 in f32, and with this square still. */
    private static final float FLAT_SQUARE = 100;

    /** Instead of larger exponentials, so that the sigmoid is a number that the exponential can be multiplied with. */
    private static final float MOST = 0x1p126f;

    private ActivationLoops() {}

    /** {@code out = gelu(x)}. */
    public static void gelu(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN);
            v.div(Functions.expOfMinus(v.mul(v)
                                    .fma(FloatVector.broadcast(F, CUBE), FloatVector.broadcast(F, SCALE))
                                    .mul(v))
                            .add(1f))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code e = e^-z} of GELU, at most {@link #MOST}. */
    public static void geluExponentials(ByteBuffer e, int ei, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN);
            FloatVector z = Functions.atMost(v.mul(v), FLAT_SQUARE)
                    .fma(FloatVector.broadcast(F, CUBE), FloatVector.broadcast(F, SCALE))
                    .mul(v);
            Functions.atMost(Functions.expOfMinus(z), MOST).intoByteBuffer(e, ei + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code dX = dOut gelu'(x)}. */
    public static void geluGradient(
            ByteBuffer dX, int dxi, ByteBuffer dOut, int dyi, ByteBuffer x, int xi, ByteBuffer e, int ei, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN);
            FloatVector w = fromByteBuffer(F, e, ei + 4 * i, LITTLE_ENDIAN);
            FloatVector s = FloatVector.broadcast(F, 1f).div(w.add(1f));
            FloatVector slope = Functions.atMost(v.mul(v), FLAT_SQUARE)
                    .fma(FloatVector.broadcast(F, 3 * CUBE), FloatVector.broadcast(F, SCALE));
            v.mul(s)
                    .mul(w.mul(s))
                    .fma(slope, s)
                    .mul(fromByteBuffer(F, dOut, dyi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dX, dxi + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = silu(gate) up}. */
    public static void swiglu(ByteBuffer out, int o, ByteBuffer gate, int gi, ByteBuffer up, int ui, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromByteBuffer(F, gate, gi + 4 * i, LITTLE_ENDIAN);
            v.div(Functions.expOfMinus(v).add(1f))
                    .mul(fromByteBuffer(F, up, ui + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code e = e^-x}, at most {@link #MOST}. */
    public static void siluExponentials(ByteBuffer e, int ei, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            Functions.atMost(Functions.expOfMinus(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)), MOST)
                    .intoByteBuffer(e, ei + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code dUp = dOut silu(gate)}. */
    public static void upGradient(
            ByteBuffer dUp, int dui, ByteBuffer dOut, int dyi, ByteBuffer gate, int gi, ByteBuffer e, int ei, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, gate, gi + 4 * i, LITTLE_ENDIAN)
                    .div(fromByteBuffer(F, e, ei + 4 * i, LITTLE_ENDIAN).add(1f))
                    .mul(fromByteBuffer(F, dOut, dyi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dUp, dui + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code dGate = dOut up silu'(gate)}. */
    public static void gateGradient(
            ByteBuffer dGate,
            int dgi,
            ByteBuffer dOut,
            int dyi,
            ByteBuffer gate,
            int gi,
            ByteBuffer up,
            int ui,
            ByteBuffer e,
            int ei,
            int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector w = fromByteBuffer(F, e, ei + 4 * i, LITTLE_ENDIAN);
            FloatVector s = FloatVector.broadcast(F, 1f).div(w.add(1f));
            fromByteBuffer(F, gate, gi + 4 * i, LITTLE_ENDIAN)
                    .mul(s)
                    .mul(w)
                    .fma(s, s)
                    .mul(fromByteBuffer(F, dOut, dyi + 4 * i, LITTLE_ENDIAN))
                    .mul(fromByteBuffer(F, up, ui + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dGate, dgi + 4 * i, LITTLE_ENDIAN);
        }
    }
}
