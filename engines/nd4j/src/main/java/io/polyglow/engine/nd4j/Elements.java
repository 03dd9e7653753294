package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Flat operations without topic. */
final class Elements {
    void fill(Tensor out, double value) {
        if (out.size() > 0) {
            Run.vector(out).assign(value);
        }
    }

    void copy(Tensor out, Tensor x) {
        if (out.size() > 0) {
            Run.vector(out).assign(Run.vector(x));
        }
    }

    void add(Tensor out, Tensor x) {
        if (out.size() > 0) {
            INDArray sum = Run.vector(out);
            Ops.add(sum, sum, Run.vector(x));
        }
    }
}
