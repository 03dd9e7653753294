package io.polyglow.engine.cuda;

import io.polyglow.trainer.tensor.DType;

/** Matrix products on the device, queued on the engine's stream. */
interface MatrixProducts extends AutoCloseable {
    /** The library and its version. */
    String describe();

    /**
     * Queues {@code d = a b + beta c}, with an epilogue on {@code vector}; {@code c} may be {@code d}. Returns false, with nothing queued, when the library has
     * no kernel for the shape. The same shape gives the same bits every time.
     */
    boolean multiply(Shape shape, long a, long b, long c, long d, long vector);

    /** What becomes of a vector beside a product. */
    enum Epilogue {
        /** There is none. */
        NONE,
        /** {@code vector[m]} is added to every column of d. */
        BIAS
    }

    @Override
    void close();

    /**
     * Column-major, as BLAS has it: {@code d[m, n] = op(a)[m, k] op(b)[k, n]}; ld are the distances of columns. Inputs have the dtype {@code in}; c, d
     * and the vector the dtype {@code out}. {@code alignment}: all addresses and column distances are multiples of so many bytes, at most 16.
     */
    record Shape(
            int m,
            int n,
            int k,
            boolean transposeA,
            boolean transposeB,
            int lda,
            int ldb,
            int ldd,
            DType in,
            DType out,
            boolean addC,
            Epilogue epilogue,
            int alignment) {}
}
