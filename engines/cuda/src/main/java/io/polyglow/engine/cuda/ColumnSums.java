package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Adds sums over rows to a vector: gradients of biases and of the parameters of norms. Runs of rows, whose length follows from the shape alone, are
 * summed side by side, then their sums in order.
 */
final class ColumnSums implements AutoCloseable {
    private static final int WARPS = 8;
    private static final int WARP = 32;
    private static final int COLUMNS_PER_BLOCK = 256;
    private static final int LEAST_ROWS = 32;
    private static final int TOTAL_WARPS = 32;
    private static final int MOST_RUNS = 256;

    private final Launcher launcher;
    private final ByType plain;
    private final ByType normed;
    private final ByType gelu;
    private final Function scaled;
    private final Function totals;
    private final Scratch partials;

    ColumnSums(Launcher launcher) {
        this.launcher = launcher;
        plain = launcher.kernels("column_sums");
        normed = launcher.kernels("gamma_sums");
        gelu = launcher.kernels("gelu_backward_sums");
        scaled = launcher.kernel("scaled_sums_bf16");
        totals = launcher.kernel("column_totals");
        partials = new Scratch(launcher.device());
    }

    /** {@code out[c] = sum over n of rows[n, c]} for the columns of {@code out}, added to what it holds if {@code accumulate}. */
    void sum(Tensor out, Tensor rows, boolean accumulate) {
        Runs runs = new Runs(rows.dim(0), out.size());
        long partial = partials.atLeast(runs.bytes());
        launcher.call(plain.of(rows.dtype())).address(partial).tensor(rows).i64(rows.dim(1));
        run(CudaArena.address(out), partial, runs, accumulate);
    }

    /** {@code out[c] += sum over n of dOut[n, c] (x[n, c] - mean[n]) rstd[n]}; without a mean it is 0. */
    void addNormed(Tensor out, Tensor dOut, Tensor x, @Nullable Tensor mean, Tensor rstd) {
        Runs runs = new Runs(dOut.dim(0), out.size());
        long partial = partials.atLeast(runs.bytes());
        launcher.call(normed.of(dOut.dtype()))
                .address(partial)
                .tensor(dOut)
                .tensor(x)
                .tensor(mean)
                .tensor(rstd);
        run(CudaArena.address(out), partial, runs, true);
    }

    /** Whether {@link #geluBackward} has a kernel for such rows: they go by 16 bytes. */
    static boolean takesGelu(Tensor dX, Tensor dOut, Tensor x) {
        long addresses = CudaArena.address(dX) | CudaArena.address(dOut) | CudaArena.address(x);
        return x.rank() == 2 && x.dim(1) % 8 == 0 && addresses % 16 == 0;
    }

    /** {@code dX = dOut gelu'(x)}, which may be in place, and {@link #sum} of dX, with the bits of the two by themselves. */
    void geluBackward(Tensor out, Tensor dX, Tensor dOut, Tensor x, boolean accumulate) {
        Runs runs = new Runs(x.dim(0), x.dim(1));
        long partial = partials.atLeast(runs.bytes());
        launcher.call(gelu.of(x.dtype()))
                .address(partial)
                .tensor(dX)
                .tensor(dOut)
                .tensor(x);
        run(CudaArena.address(out), partial, runs, accumulate);
    }

    /** Ends the call at hand with how rows are cut, and makes its partial sums one. */
    private void run(long out, long partial, Runs runs, boolean accumulate) {
        launcher.i32(runs.columns).i32(runs.rows).i32(runs.length).run(runs.grid());
        totals(out, 0, partial, Math.toIntExact(runs.columns), runs.count, accumulate);
    }

    /** Adds {@code partial[P, C]} to {@code out[C]}, and the {@code [P, C]} after it to {@code second}, unless that is 0. */
    void addTotals(long out, long second, long partial, int C, int P) {
        totals(out, second, partial, C, P, true);
    }

    private void totals(long out, long second, long partial, int C, int P, boolean accumulate) {
        launcher.call(totals)
                .address(out)
                .address(second)
                .address(partial)
                .i32(C)
                .i32(P)
                .i32(accumulate ? 1 : 0)
                .run(new Grid((C + WARP - 1) / WARP, second == 0 ? 1 : 2, 1, WARP, TOTAL_WARPS));
    }

    /** Scratch for partial sums; its content lasts until the next call of this class. */
    long partials(long bytes) {
        return partials.atLeast(bytes);
    }

    /** {@code out[c] += sum over n of x[n, c] g[n]} for a column g, whose elements are {@code ld} apart; {@code x[n, C]} and g in bf16. */
    void addScaled(long out, Tensor x, long g, long ld) {
        Runs runs = new Runs(x.dim(0), x.dim(1));
        long partial = partials.atLeast(runs.bytes());
        launcher.call(scaled).address(partial).tensor(x).address(g).i64(ld);
        run(out, partial, runs, true);
    }

    /** How rows are cut. */
    private static final class Runs {
        final long rows;
        final long columns;
        final long length;
        final int count;

        Runs(long rows, long columns) {
            this.rows = rows;
            this.columns = columns;
            length = Math.max(LEAST_ROWS, (rows + MOST_RUNS - 1) / MOST_RUNS);
            count = Math.toIntExact((rows + length - 1) / length);
        }

        long bytes() {
            return count * columns * Float.BYTES;
        }

        Grid grid() {
            int blocks = Math.toIntExact((columns + COLUMNS_PER_BLOCK - 1) / COLUMNS_PER_BLOCK);
            return new Grid(blocks, count, 1, WARP, WARPS);
        }
    }

    @Override
    public void close() {
        partials.close();
    }
}
