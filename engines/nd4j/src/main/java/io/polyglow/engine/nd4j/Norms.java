package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layer and root-mean-square normalisation; the second is the first without mean and shift. Legend: N rows of C channels. */
final class Norms {
    private final Scratch scratch;
    private final ColumnSums columnSums;
    private final RowSums rowSums;

    Norms(Scratch scratch, ColumnSums columnSums) {
        this.scratch = scratch;
        this.columnSums = columnSums;
        rowSums = new RowSums(scratch);
    }

    void forward(
            Tensor out,
            @Nullable Tensor mean,
            Tensor rstd,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor beta,
            double epsilon) {
        long N = x.dim(0), C = x.dim(1);
        INDArray y = Run.matrix(out);
        INDArray centred = Run.matrix(x);
        if (mean != null) {
            INDArray m = Run.vector(mean);
            rowSums.of(m, Run.of(x), N, C);
            Ops.scale(m, m, 1.0 / C);
            Ops.subtract(y, centred, Run.column(mean));
            centred = y;
        }
        Run squares = scratch.take(N * C);
        Ops.square(squares.dense(N, C), centred);
        INDArray r = Run.vector(rstd);
        rowSums.of(r, squares, N, C);
        Ops.scale(r, r, 1.0 / C);
        Ops.shift(r, r, epsilon);
        Ops.rsqrt(r, r);
        Ops.multiply(y, centred, Run.column(rstd));
        Ops.multiply(y, y, Run.row(gamma));
        if (beta != null) {
            Ops.add(y, y, Run.row(beta));
        }
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
        long N = x.dim(0), C = x.dim(1);
        INDArray dy = Run.matrix(dOut);
        INDArray xhat = scratch.take(N * C).dense(N, C);
        Run gRun = scratch.take(N * C), productRun = scratch.take(N * C);
        INDArray g = gRun.dense(N, C), product = productRun.dense(N, C);
        Run sums = scratch.take(N);
        if (mean == null) {
            Ops.multiply(xhat, Run.matrix(x), Run.column(rstd));
        } else {
            Ops.subtract(xhat, Run.matrix(x), Run.column(mean));
            Ops.multiply(xhat, xhat, Run.column(rstd));
        }
        Ops.multiply(product, dy, xhat);
        columnSums.addTo(Run.row(dGamma), product);
        if (dBeta != null) {
            columnSums.addTo(Run.row(dBeta), dy);
        }
        Ops.multiply(g, dy, Run.row(gamma));
        Ops.multiply(product, g, xhat);
        meanRows(sums, productRun, N, C);
        Ops.multiply(xhat, xhat, sums.dense(N, 1));
        if (mean != null) {
            meanRows(sums, gRun, N, C);
            Ops.subtract(g, g, sums.dense(N, 1));
        }
        Ops.subtract(g, g, xhat);
        Ops.multiply(g, g, Run.column(rstd));
        Ops.add(Run.matrix(dX), Run.matrix(dX), g);
    }

    private void meanRows(Run out, Run x, long N, long C) {
        rowSums.of(out.dense(N), x, N, C);
        Ops.scale(out.dense(N), out.dense(N), 1.0 / C);
    }
}
