package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.ActivationLoops;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/** GELU and SwiGLU, over blocks or rows. */
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
            ActivationLoops.gelu(y.buffer, y.at, in.buffer, in.at, in.whole);
            y.commit();
        });
    }

    void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        team.ranges(dX.size(), Elements.BLOCK, (from, to, lane) -> {
            geluGradient(dX, dOut, x, from, (int) (to - from), lane).commit();
        });
    }

    /** With the sums of dX over rows, each added while it is in the cache. */
    void geluBackward(Tensor dX, Tensor dBias, Tensor dOut, Tensor x, boolean accumulate) {
        long N = dX.dim(0);
        int columns = Math.toIntExact(dX.dim(1));
        ColumnSums sums = new ColumnSums(team, N, columns, 1);
        team.ranges(N, ColumnSums.rowsPerTask(columns), (from, to, lane) -> {
            long sum = sums.open(from, 0);
            for (long n = from; n < to; n++) {
                Window row = geluGradient(dX, dOut, x, n * columns, columns, lane);
                row.commit();
                row.addTo(sums.view(sum), Memory.at(sum), dX, n * columns, columns);
            }
        });
        if (accumulate) {
            sums.addTo(dBias, 0, N, team.caller());
        } else {
            sums.writeTo(dBias, 0, N, team.caller());
        }
    }

    /** Some elements of dX, yet to be committed. */
    private static Window geluGradient(Tensor dX, Tensor dOut, Tensor x, long from, int n, Lane lane) {
        Window in = lane.window(0).read(x, from, n);
        Window dy = lane.window(1).read(dOut, from, n);
        Window dx = lane.window(2).write(dX, from, n);
        ByteBuffer e = lane.scratch((long) in.whole * Float.BYTES).view(0);
        ActivationLoops.geluExponentials(e, 0, in.buffer, in.at, in.whole);
        ActivationLoops.geluGradient(dx.buffer, dx.at, dy.buffer, dy.at, in.buffer, in.at, e, 0, in.whole);
        return dx;
    }

    void swiglu(Tensor out, Tensor gateUp) {
        int channels = Math.toIntExact(out.dim(1));
        team.ranges(out.dim(0), rowsPerTask(channels), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                Window gate = lane.window(0).read(gateUp, 2 * n * channels, channels);
                Window up = lane.window(1).read(gateUp, (2 * n + 1) * channels, channels);
                Window y = lane.window(2).write(out, n * channels, channels);
                ActivationLoops.swiglu(y.buffer, y.at, gate.buffer, gate.at, up.buffer, up.at, gate.whole);
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
                int whole = gate.whole;
                ByteBuffer e = lane.scratch((long) whole * Float.BYTES).view(0);
                ActivationLoops.siluExponentials(e, 0, gate.buffer, gate.at, whole);
                Window dUp = lane.window(3).write(dGateUp, (2 * n + 1) * channels, channels);
                ActivationLoops.upGradient(dUp.buffer, dUp.at, dy.buffer, dy.at, gate.buffer, gate.at, e, 0, whole);
                dUp.commit();
                Window dGate = lane.window(3).write(dGateUp, 2 * n * channels, channels);
                ActivationLoops.gateGradient(
                        dGate.buffer, dGate.at, dy.buffer, dy.at, gate.buffer, gate.at, up.buffer, up.at, e, 0, whole);
                dGate.commit();
            }
        });
    }

    private static int rowsPerTask(int channels) {
        return Math.max(1, Elements.BLOCK / channels);
    }
}
