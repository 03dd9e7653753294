package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.ActivationLoops;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * GELU and SwiGLU. Both are x times a sigmoid: {@code 0.5 (1 + tanh(u)) = 1 / (1 + e^-2u)}, which loses no digits for small u. A first loop
 * writes the exponents to scratch, {@link Loops#exp} turns them into {@code e}, a last loop combines.
 */
final class Activations {
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
            ActivationLoops.timesSigmoid(y.buffer, y.at, in.buffer, in.at, e, 0, in.whole);
            y.commit();
        });
    }

    void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        team.ranges(dX.size(), Elements.BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            Window in = lane.window(0).read(x, from, n);
            Window dy = lane.window(1).read(dOut, from, n);
            Window dx = lane.window(2).write(dX, from, n);
            ByteBuffer e = geluExponentials(lane, in, ActivationLoops.GELU_FLAT);
            ActivationLoops.geluGradient(dx.buffer, dx.at, dy.buffer, dy.at, in.buffer, in.at, e, in.whole);
            dx.commit();
        });
    }

    private static ByteBuffer geluExponentials(Lane lane, Window x, float limit) {
        ByteBuffer e = lane.scratch((long) x.whole * Float.BYTES).view(0);
        ActivationLoops.geluExponents(e, x.buffer, x.at, x.whole, limit);
        Loops.exp(e, 0, e, 0, x.whole, 1, 0, 1);
        return e;
    }

    void swiglu(Tensor out, Tensor gateUp) {
        int channels = Math.toIntExact(out.dim(1));
        team.ranges(out.dim(0), rowsPerTask(channels), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                Window gate = lane.window(0).read(gateUp, 2 * n * channels, channels);
                Window up = lane.window(1).read(gateUp, (2 * n + 1) * channels, channels);
                Window y = lane.window(2).write(out, n * channels, channels);
                ByteBuffer e = siluExponentials(lane, gate);
                ActivationLoops.swiglu(y.buffer, y.at, gate.buffer, gate.at, up.buffer, up.at, e, gate.whole);
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
                ActivationLoops.timesSigmoid(dUp.buffer, dUp.at, gate.buffer, gate.at, e, 0, gate.whole);
                ActivationLoops.multiply(dUp.buffer, dUp.at, dy.buffer, dy.at, gate.whole);
                dUp.commit();
                Window dGate = lane.window(3).write(dGateUp, 2 * n * channels, channels);
                ActivationLoops.siluGradient(dGate.buffer, dGate.at, gate.buffer, gate.at, e, gate.whole);
                ActivationLoops.multiply(dGate.buffer, dGate.at, up.buffer, up.at, gate.whole);
                ActivationLoops.multiply(dGate.buffer, dGate.at, dy.buffer, dy.at, gate.whole);
                dGate.commit();
            }
        });
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
