package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Layer norm, and with a null mean root-mean-square norm. */
final class Norms {
    private static final int WARP = 32;
    private static final int ALIGNMENT = 16;
    private static final int ROWS_PER_BLOCK = 8;
    /** Of the backward pass: a thread has 8 neighbouring channels, a block a run of rows. */
    private static final int CHANNELS_PER_THREAD = 8;

    private static final int MOST_THREADS = 512;
    private static final int LEAST_ROWS_OF_RUN = 16;
    private static final int MOST_RUNS = 512;

    private final Launcher launcher;
    private final Elements elements;
    private final ColumnSums sums;
    private final ByType layer;
    private final ByType layerBackward;
    private final ByType rms;
    private final ByType rmsBackward;
    private final ByType backwardAny;

    Norms(Launcher launcher, Elements elements, ColumnSums sums) {
        this.launcher = launcher;
        this.elements = elements;
        this.sums = sums;
        layer = launcher.kernels("layer_norm");
        layerBackward = launcher.kernels("layer_norm_backward");
        rms = launcher.kernels("rms_norm");
        rmsBackward = launcher.kernels("rms_norm_backward");
        backwardAny = launcher.kernels("norm_backward_any");
    }

    void forward(
            Tensor out,
            @Nullable Tensor mean,
            Tensor rstd,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor beta,
            double epsilon) {
        launcher.call((mean == null ? rms : layer).of(out.dtype()))
                .tensor(out)
                .tensor(mean)
                .tensor(rstd)
                .tensor(x)
                .tensor(gamma)
                .tensor(beta)
                .f32(epsilon)
                .i32(x.dim(1))
                .i32(x.dim(0))
                .run(rows(x.dim(0)));
    }

    /** {@code copy}, in bf16, becomes the new dX unless it is null. */
    void backward(
            Tensor dX,
            @Nullable Tensor copy,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        if (!hasWholeThreads(dX, copy, dOut, x, gamma)) {
            backwardOfAnyRows(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
            if (copy != null) {
                elements.copy(copy, dX);
            }
            return;
        }
        int C = Math.toIntExact(x.dim(1));
        long N = x.dim(0);
        int rowsOfRun = Math.toIntExact(Math.max(LEAST_ROWS_OF_RUN, (N + MOST_RUNS - 1) / MOST_RUNS));
        int runs = Math.toIntExact((N + rowsOfRun - 1) / rowsOfRun);
        long partial = sums.partials(2L * runs * C * Float.BYTES);
        int warps = (C / CHANNELS_PER_THREAD + WARP - 1) / WARP;
        launcher.call((mean == null ? rmsBackward : layerBackward).of(dOut.dtype()))
                .tensor(dX)
                .tensor(copy)
                .address(partial)
                .tensor(dOut)
                .tensor(x)
                .tensor(gamma)
                .tensor(mean)
                .tensor(rstd)
                .i32(C)
                .i32(N)
                .i32(rowsOfRun)
                .run(Grid.of(runs, warps * WARP));
        sums.addTotals(CudaArena.address(dGamma), dBeta == null ? 0 : CudaArena.address(dBeta), partial, C, runs);
    }

    private static boolean hasWholeThreads(Tensor dX, @Nullable Tensor copy, Tensor dOut, Tensor x, Tensor gamma) {
        long addresses =
                CudaArena.address(dX) | CudaArena.address(dOut) | CudaArena.address(x) | CudaArena.address(gamma);
        addresses |= copy == null ? 0 : CudaArena.address(copy);
        return x.dim(1) % CHANNELS_PER_THREAD == 0
                && x.dim(1) <= (long) MOST_THREADS * CHANNELS_PER_THREAD
                && addresses % ALIGNMENT == 0;
    }

    private void backwardOfAnyRows(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        launcher.call(backwardAny.of(dOut.dtype()))
                .tensor(dX)
                .tensor(dOut)
                .tensor(x)
                .tensor(gamma)
                .tensor(mean)
                .tensor(rstd)
                .i32(x.dim(1))
                .i32(x.dim(0))
                .run(rows(x.dim(0)));
        sums.addNormed(dGamma, dOut, x, mean, rstd);
        if (dBeta != null) {
            sums.sum(dBeta, dOut, true);
        }
    }

    private static Grid rows(long N) {
        int blocks = Math.toIntExact((N + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK);
        return new Grid(blocks, 1, 1, WARP, ROWS_PER_BLOCK);
    }
}
