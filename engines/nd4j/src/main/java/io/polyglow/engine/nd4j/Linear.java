package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Linear layers. Legend: N rows, I inputs, O outputs; rows of {@code out} and {@code dOut} may be longer than O. */
final class Linear {
    private final ColumnSums columnSums;

    Linear(ColumnSums columnSums) {
        this.columnSums = columnSums;
    }

    void forward(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        INDArray y = Run.columns(out, 0, outputs(w, layout));
        if (residual != null) {
            INDArray stream = Run.matrix(residual);
            if (stream != y) { // views are kept: the same array, if the residual is out itself
                y.assign(stream);
            }
        }
        Ops.product(y, Run.matrix(x), inputsByOutputs(w, layout), 1, residual == null ? 0 : 1);
        if (bias != null) {
            Ops.add(y, y, Run.row(bias));
        }
    }

    void backwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        INDArray dy = Run.columns(dOut, 0, outputs(w, layout));
        Ops.product(Run.matrix(dX), dy, outputsByInputs(w, layout), 1, 0);
    }

    void backwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        double beta = accumulate ? 1 : 0;
        long O = outputs(dW, layout);
        if (layout == WeightLayout.OUT_IN) {
            Ops.product(Run.matrix(dW), Run.columnsTransposed(dOut, 0, O), Run.matrix(x), 1, beta);
        } else {
            INDArray xT = Run.columnsTransposed(x, 0, x.dim(1));
            Ops.product(Run.matrix(dW), xT, Run.columns(dOut, 0, O), 1, beta);
        }
        if (dBias != null) {
            sumRows(dBias, dOut, accumulate);
        }
    }

    /** Of the first columns of {@code x}, which may have more than {@code out}. */
    void sumRows(Tensor out, Tensor x, boolean accumulate) {
        if (!accumulate) {
            Run.row(out).assign(0);
        }
        columnSums.addTo(Run.row(out), Run.columns(x, 0, out.size()));
    }

    private static long outputs(Tensor w, WeightLayout layout) {
        return w.dim(layout == WeightLayout.OUT_IN ? 0 : 1);
    }

    private static INDArray inputsByOutputs(Tensor w, WeightLayout layout) {
        return layout == WeightLayout.IN_OUT ? Run.matrix(w) : Run.columnsTransposed(w, 0, w.dim(1));
    }

    private static INDArray outputsByInputs(Tensor w, WeightLayout layout) {
        return layout == WeightLayout.OUT_IN ? Run.matrix(w) : Run.columnsTransposed(w, 0, w.dim(1));
    }
}
