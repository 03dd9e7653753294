package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.DType;

/**
 * Everything but the addresses of one matrix product {@code C[M, N] = A[M, K] B[K, N]}, for each of {@code batch} matrices: dims,
 * strides, dtypes and what is added to the product. A bias is {@code [N]} in F32; a residual is F32 with the strides of C. Equal
 * specs share a compiled primitive.
 */
record GemmSpec(
        int batch,
        int m,
        int n,
        int k,
        Strides a,
        Strides b,
        Strides c,
        DType in,
        DType out,
        boolean bias,
        Addend addend) {
    /** What is added to the product besides the bias. */
    enum Addend {
        NONE,
        /** The old content of C. */
        OUT,
        /** Another matrix. */
        RESIDUAL
    }

    /** Distances in elements between neighbours along each axis; one of row and column is 1. */
    record Strides(long batch, long row, long column) {
        static Strides rows(long row) {
            return new Strides(0, row, 1);
        }

        /** Not by strides, but as {@link Packing} has copied it. */
        static final Strides PACKED = new Strides(0, 0, 0);

        Strides transposed() {
            return new Strides(batch, column, row);
        }
    }

    /** A plain product. */
    static GemmSpec product(int m, int n, int k, Strides a, Strides b, Strides c, DType in, DType out) {
        return new GemmSpec(1, m, n, k, a, b, c, in, out, false, Addend.NONE);
    }

    /** Whether B is read as {@link Packing} has copied it. */
    boolean isPacked() {
        return b.equals(Strides.PACKED);
    }

    /** Multiplications and additions. */
    long operations() {
        return 2L * batch * m * n * k;
    }

    GemmSpec adding(boolean withBias, Addend what) {
        return new GemmSpec(batch, m, n, k, a, b, c, in, out, withBias, what);
    }

    GemmSpec part(int rows, int columns, int depth) {
        return new GemmSpec(batch, rows, columns, depth, a, b, c, in, out, bias, addend);
    }

    GemmSpec withB(Strides strides) {
        return new GemmSpec(batch, m, n, k, a, strides, c, in, out, bias, addend);
    }
}
