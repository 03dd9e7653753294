package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Layer norm, and with a null mean root-mean-square norm. */
final class Norms {
    private static final int WARP = 32;
    private static final int ROWS_PER_BLOCK = 8;

    private final Launcher launcher;
    private final ColumnSums sums;
    private final ByType layer;
    private final ByType layerBackward;
    private final ByType rms;
    private final ByType rmsBackward;

    Norms(Launcher launcher, ColumnSums sums) {
        this.launcher = launcher;
        this.sums = sums;
        layer = launcher.kernels("layer_norm");
        layerBackward = launcher.kernels("layer_norm_backward");
        rms = launcher.kernels("rms_norm");
        rmsBackward = launcher.kernels("rms_norm_backward");
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

    void backward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        launcher.call((mean == null ? rmsBackward : layerBackward).of(dOut.dtype()))
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
            sums.add(dBeta, dOut);
        }
    }

    private static Grid rows(long N) {
        int blocks = Math.toIntExact((N + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK);
        return new Grid(blocks, 1, 1, WARP, ROWS_PER_BLOCK);
    }
}
