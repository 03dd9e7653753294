package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.engine.cpu.simd.NormLoops;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Layer and root-mean-square normalisation; the second is the first without mean and shift. Legend: N rows of C channels. */
final class Norms {
    private final Team team;

    Norms(Team team) {
        this.team = team;
    }

    void forward(
            Tensor out,
            @Nullable Tensor mean,
            Tensor rstd,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor beta,
            double epsilon) {
        int C = Math.toIntExact(x.dim(1));
        team.ranges(x.dim(0), Math.max(1, Elements.BLOCK / C), (from, to, lane) -> {
            Window g = lane.window(0).read(gamma, 0, C);
            Window b = beta == null ? null : lane.window(1).read(beta, 0, C);
            for (long n = from; n < to; n++) {
                Window row = lane.window(2).read(x, n * C, C);
                Window y = lane.window(3).write(out, n * C, C);
                float centre = mean == null ? 0 : Loops.sum(row.buffer, row.at, C) / C;
                float variance = Loops.squares(row.buffer, row.at, C, centre) / C;
                float r = (float) (1 / Math.sqrt(variance + epsilon));
                if (b == null) {
                    NormLoops.normalise(y.buffer, y.at, row.buffer, row.at, g.buffer, g.at, row.whole, centre, r);
                } else {
                    NormLoops.normalise(
                            y.buffer, y.at, row.buffer, row.at, g.buffer, g.at, b.buffer, b.at, row.whole, centre, r);
                }
                y.commit();
                if (mean != null) {
                    Scalars.put(mean, n, centre);
                }
                Scalars.put(rstd, n, r);
            }
        });
    }

    /** With {@code xhat = (x - mean) rstd} and {@code g = dOut gamma}: {@code dX += rstd (g - mean(g) - xhat mean(g xhat))}. */
    void backward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        int C = Math.toIntExact(x.dim(1));
        long N = x.dim(0);
        ColumnSums sums = new ColumnSums(team, N, C, 2);
        team.ranges(N, ColumnSums.rowsPerTask(C), (from, to, lane) -> {
            Window g = lane.window(0).read(gamma, 0, C);
            ByteBuffer totals = lane.scratch(2 * Float.BYTES).view(0);
            long sumGamma = sums.open(from, 0);
            long sumBeta = sums.open(from, 1);
            for (long n = from; n < to; n++) {
                Window row = lane.window(1).read(x, n * C, C);
                Window dy = lane.window(2).read(dOut, n * C, C);
                Window dx = lane.window(3).read(dX, n * C, C);
                float r = Scalars.get(rstd, n);
                float centre = mean == null ? 0 : Scalars.get(mean, n);
                NormLoops.dots(totals, 0, dy.buffer, dy.at, g.buffer, g.at, row.buffer, row.at, C, centre);
                float meanG = mean == null ? 0 : totals.getFloat(0) / C;
                float meanGX = r * totals.getFloat(Float.BYTES) / C;
                NormLoops.gradient(
                        dx.buffer,
                        dx.at,
                        dy.buffer,
                        dy.at,
                        g.buffer,
                        g.at,
                        row.buffer,
                        row.at,
                        row.whole,
                        centre,
                        r,
                        meanG,
                        meanGX);
                dx.commit();
                NormLoops.sumGradients(
                        sums.view(sumGamma),
                        Memory.at(sumGamma),
                        sums.view(sumBeta),
                        Memory.at(sumBeta),
                        dy.buffer,
                        dy.at,
                        row.buffer,
                        row.at,
                        row.whole,
                        centre,
                        r);
            }
        });
        sums.addTo(dGamma, 0, N, team.caller());
        if (dBeta != null) {
            sums.addTo(dBeta, 1, N, team.caller());
        }
    }
}
