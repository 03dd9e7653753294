package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A run of floats, of a tensor or of scratch memory, to be viewed as arrays of any shape. */
record Run(Floats memory, long start) {
    /** The elements of a tensor, which must be F32 and of this engine. */
    static Run of(Tensor tensor) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException(
                    tensor + " does not fit here: engine nd4j computes in F32, expected dtype F32");
        }
        return new Run(Nd4jArena.floats(tensor), tensor.offset() / Float.BYTES);
    }

    /** A tensor as a matrix. */
    static INDArray matrix(Tensor tensor) {
        return of(tensor).dense(tensor.dim(0), tensor.dim(1));
    }

    /** Some of the columns of a tensor. */
    static INDArray columns(Tensor tensor, long from, long count) {
        return of(tensor).strided(from, new long[] {tensor.dim(0), count}, new long[] {tensor.dim(1), 1});
    }

    /** Some of the columns of a tensor, as rows. */
    static INDArray columnsTransposed(Tensor tensor, long from, long count) {
        return of(tensor).strided(from, new long[] {count, tensor.dim(0)}, new long[] {1, tensor.dim(1)});
    }

    /** All elements of a tensor, as one row. */
    static INDArray row(Tensor tensor) {
        return of(tensor).dense(1, tensor.size());
    }

    /** All elements of a tensor, as one column. */
    static INDArray column(Tensor tensor) {
        return of(tensor).dense(tensor.size(), 1);
    }

    /** All elements of a tensor. */
    static INDArray vector(Tensor tensor) {
        return of(tensor).dense(tensor.size());
    }

    /** The elements from the start on. */
    INDArray dense(long... dims) {
        return memory.view(start, dims);
    }

    /** Elements at distances of one's own, beginning {@code offset} elements after the start. */
    INDArray strided(long offset, long[] dims, long[] strides) {
        return memory.view(start + offset, dims, strides);
    }

    /** What lies behind the first elements. */
    Run from(long elements) {
        return new Run(memory, start + elements);
    }
}
