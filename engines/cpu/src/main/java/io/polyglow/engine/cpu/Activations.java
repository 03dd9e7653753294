package io.polyglow.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * GELU and SwiGLU. Both are x times a sigmoid: {@code 0.5 (1 + tanh(u)) = 1 / (1 + e^-2u)}, which loses no digits for small u. A first loop
 * writes the exponents to scratch, {@link Loops#exp} turns them into {@code e}, a last loop combines.
 */
final class Activations {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final int LANES = Loops.LANES;

    /** {@code 2u = SCALE x (1 + CUBIC x^2)}. */
    private static final float SCALE = (float) (2 * Math.sqrt(2 / Math.PI));

    private static final float CUBIC = 0.044715f;
    /** Beyond, GELU's slope is 0 or 1 in f32; up to here nothing overflows on the way to it. */
    private static final float GELU_FLAT = 10;
    /** The same for SiLU. */
    private static final float SILU_FLAT = 87;

    private static final float SILU_MOST = 1e37f;

    private final Team team;

    Activations(Team team) {
        this.team = team;
    }

    void gelu(Tensor out, Tensor x) {
        team.ranges(out.size(), Elements.BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            Window in = lane.window(0).read(x, from, n);
            Window y = lane.window(1).write(out, from, n);
            ByteBuffer e = geluExponentials(lane, in, Float.MAX_VALUE);
            timesSigmoid(y.buffer, y.at, in.buffer, in.at, e, 0, in.whole);
            y.commit();
        });
    }

    void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        team.ranges(dX.size(), Elements.BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            Window in = lane.window(0).read(x, from, n);
            Window dy = lane.window(1).read(dOut, from, n);
            Window dx = lane.window(2).write(dX, from, n);
            ByteBuffer e = geluExponentials(lane, in, GELU_FLAT);
            geluGradient(dx.buffer, dx.at, dy.buffer, dy.at, in.buffer, in.at, e, in.whole);
            dx.commit();
        });
    }

    private static ByteBuffer geluExponentials(Lane lane, Window x, float limit) {
        ByteBuffer e = lane.scratch((long) x.whole * Float.BYTES).view(0);
        geluExponents(e, x.buffer, x.at, x.whole, limit);
        Loops.exp(e, 0, e, 0, x.whole, 1, 0, 1);
        return e;
    }

    /** {@code out = -2u}, for x no larger than the limit. */
    private static void geluExponents(ByteBuffer out, ByteBuffer x, int xi, int n, float limit) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v =
                    fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).max(-limit).min(limit);
            v.mul(v).mul(CUBIC).add(1f).mul(v).mul(-SCALE).intoByteBuffer(out, 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x / (1 + e)}. */
    private static void timesSigmoid(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer e, int ei, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .div(fromByteBuffer(F, e, ei + 4 * i, LITTLE_ENDIAN).add(1f))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** With s the sigmoid of 2u: {@code dX = dOut (s + x s (1 - s) 2u')}. */
    private static void geluGradient(
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

    void swiglu(Tensor out, Tensor gateUp) {
        int channels = Math.toIntExact(out.dim(1));
        team.ranges(out.dim(0), rowsPerTask(channels), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                Window gate = lane.window(0).read(gateUp, 2 * n * channels, channels);
                Window up = lane.window(1).read(gateUp, (2 * n + 1) * channels, channels);
                Window y = lane.window(2).write(out, n * channels, channels);
                ByteBuffer e = siluExponentials(lane, gate);
                swiglu(y.buffer, y.at, gate.buffer, gate.at, up.buffer, up.at, e, gate.whole);
                y.commit();
            }
        });
    }

    void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        int channels = Math.toIntExact(dOut.dim(1));
        team.ranges(dOut.dim(0), rowsPerTask(channels), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                Window gate = lane.window(0).read(gateUp, 2 * n * channels, channels);
                Window up = lane.window(1).read(gateUp, (2 * n + 1) * channels, channels);
                Window dy = lane.window(2).read(dOut, n * channels, channels);
                ByteBuffer e = siluExponentials(lane, gate);
                Window dUp = lane.window(3).write(dGateUp, (2 * n + 1) * channels, channels);
                timesSigmoid(dUp.buffer, dUp.at, gate.buffer, gate.at, e, 0, gate.whole);
                multiply(dUp.buffer, dUp.at, dy.buffer, dy.at, gate.whole);
                dUp.commit();
                Window dGate = lane.window(3).write(dGateUp, 2 * n * channels, channels);
                siluGradient(dGate.buffer, dGate.at, gate.buffer, gate.at, e, gate.whole);
                multiply(dGate.buffer, dGate.at, up.buffer, up.at, gate.whole);
                multiply(dGate.buffer, dGate.at, dy.buffer, dy.at, gate.whole);
                dGate.commit();
            }
        });
    }

    /** {@code out = gate / (1 + e) * up}. */
    private static void swiglu(
            ByteBuffer out, int o, ByteBuffer gate, int gi, ByteBuffer up, int ui, ByteBuffer e, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, gate, gi + 4 * i, LITTLE_ENDIAN)
                    .div(fromByteBuffer(F, e, 4 * i, LITTLE_ENDIAN).add(1f))
                    .mul(fromByteBuffer(F, up, ui + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** With s the sigmoid of x: {@code out = s (1 + x (1 - s))}. */
    private static void siluGradient(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer e, int n) {
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
    private static void multiply(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN)
                    .mul(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    private static ByteBuffer siluExponentials(Lane lane, Window x) {
        ByteBuffer e = lane.scratch((long) x.whole * Float.BYTES).view(0);
        Loops.exp(e, 0, x.buffer, x.at, x.whole, -1, 0, 1);
        return e;
    }

    private static int rowsPerTask(int channels) {
        return Math.max(1, Elements.BLOCK / channels);
    }
}
