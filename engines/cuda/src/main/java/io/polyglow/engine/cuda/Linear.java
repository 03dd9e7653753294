package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.MatrixProducts.Epilogue;
import io.polyglow.engine.cuda.MatrixProducts.Shape;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers as matrix products. A row-major matrix is the transpose of a column-major one, so {@code out = x W^T} becomes
 * {@code out^T = W x^T} for the library. Legend: N rows, I inputs, O outputs; ld is the number of columns that a row has in memory.
 */
final class Linear implements AutoCloseable {
    /** {@code -Dpolyglow.cuda.biasgrads=false} sums bias gradients in a pass of their own, to measure what cuBLASLt's epilogues bring. */
    static final String BIAS_GRADIENTS = "polyglow.cuda.biasgrads";

    private static final int TILE = 16;
    private static final int THREADS = 256;
    /** All that the library asks for; more would differ between layouts, which place tensors at different multiples of 64 bytes. */
    private static final int BEST_ALIGNMENT = 16;

    private final Launcher launcher;
    private final MatrixProducts products;
    private final Elements elements;
    private final ColumnSums sums;
    private final Function f32;
    private final Function widening;
    private final Function bf16;
    private final Function addRows;
    private final boolean sumsInProducts;
    private final Scratch vector;
    private final Scratch wide;

    Linear(Launcher launcher, MatrixProducts products, Elements elements, ColumnSums sums) {
        this.launcher = launcher;
        this.products = products;
        this.elements = elements;
        this.sums = sums;
        f32 = launcher.kernel("matmul_f32_f32");
        widening = launcher.kernel("matmul_bf16_f32");
        bf16 = launcher.kernel("matmul_bf16_bf16");
        addRows = launcher.kernel("add_rows_bf16");
        sumsInProducts = Boolean.parseBoolean(System.getProperty(BIAS_GRADIENTS, "true"));
        vector = new Scratch(launcher.device());
        wide = new Scratch(launcher.device());
    }

    /** A row-major matrix in device memory, as it is or transposed. */
    private record Matrix(long address, int ld, boolean transposed) {
        long rowStride() {
            return transposed ? 1 : ld;
        }

        long columnStride() {
            return transposed ? ld : 1;
        }
    }

    private static Matrix matrix(Tensor tensor) {
        return new Matrix(CudaArena.address(tensor), Math.toIntExact(tensor.dim(1)), false);
    }

    private static Matrix transposed(Tensor tensor) {
        return new Matrix(CudaArena.address(tensor), Math.toIntExact(tensor.dim(1)), true);
    }

    void forward(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        int N = dim(x, 0), I = dim(x, 1);
        int O = dim(w, layout == WeightLayout.OUT_IN ? 0 : 1);
        Matrix weight = layout == WeightLayout.OUT_IN ? transposed(w) : matrix(w);
        if (residual != null && out.dtype() == DType.BF16) {
            narrowing(out, matrix(x), weight, bias, residual, N, O, I);
            return;
        }
        long copy = bias == null ? 0 : vector.atLeast((long) O * Float.BYTES);
        if (bias != null) {
            elements.copy(copy, out.dtype(), bias);
        }
        Epilogue epilogue = bias == null ? Epilogue.NONE : Epilogue.BIAS;
        Matrix sum = matrix(out);
        long addend = residual == null ? sum.address : CudaArena.address(residual);
        boolean add = residual != null;
        if (!multiply(sum, out.dtype(), matrix(x), weight, x.dtype(), N, O, I, add, addend, epilogue, copy)) {
            own(sum, out.dtype(), matrix(x), weight, x.dtype(), bias, residual, N, O, I, false);
        }
    }

    /** The sum is formed in f32 and rounded once, as the library adds no f32 residual to a bf16 output. */
    private void narrowing(
            Tensor out, Matrix x, Matrix weight, @Nullable Tensor bias, Tensor residual, int N, int O, int I) {
        Matrix sum = new Matrix(wide.atLeast((long) N * O * Float.BYTES), O, false);
        if (!multiply(sum, DType.F32, x, weight, DType.BF16, N, O, I, false, sum.address, Epilogue.NONE, 0)) {
            own(sum, DType.F32, x, weight, DType.BF16, null, null, N, O, I, false);
        }
        long count = (long) N * O;
        launcher.call(addRows)
                .tensor(out)
                .address(sum.address)
                .tensor(bias)
                .tensor(residual)
                .i32(O)
                .i64(count)
                .run(Grid.covering(count, THREADS));
    }

    void backwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        boolean outIn = layout == WeightLayout.OUT_IN;
        int O = dim(w, outIn ? 0 : 1);
        Matrix weight = outIn ? matrix(w) : transposed(w);
        product(matrix(dX), dX.dtype(), matrix(dOut), weight, dOut.dtype(), dim(dX, 0), dim(dX, 1), O, false);
    }

    void backwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        boolean outIn = layout == WeightLayout.OUT_IN;
        Matrix left = outIn ? transposed(dOut) : transposed(x);
        Matrix right = outIn ? matrix(x) : matrix(dOut);
        int M = dim(dW, 0), N = dim(dW, 1), K = dim(x, 0);
        if (dBias == null) {
            product(matrix(dW), dW.dtype(), left, right, x.dtype(), M, N, K, accumulate);
            return;
        }
        if (!accumulate) {
            elements.fill(dBias, 0);
        }
        if (!withBiasGradient(dW, dBias, left, right, x.dtype(), outIn, M, N, K, accumulate)) {
            product(matrix(dW), dW.dtype(), left, right, x.dtype(), M, N, K, accumulate);
            sums.add(dBias, dOut);
        }
    }

    /**
     * The library sums the rows of dOut while it has them at hand; it overwrites what it is given, so the sums are then added. It is asked only where operands are aligned as it likes best: for other
     * shapes its sums are little used and would save little.
     */
    private boolean withBiasGradient(
            Tensor dW,
            Tensor dBias,
            Matrix left,
            Matrix right,
            DType in,
            boolean outIn,
            int M,
            int N,
            int K,
            boolean accumulate) {
        Matrix sum = matrix(dW);
        long rowSums = vector.atLeast(dBias.bytes());
        Epilogue epilogue = outIn ? Epilogue.SUM_B : Epilogue.SUM_A;
        boolean asked =
                sumsInProducts && alignment(sum, dW.dtype(), left, right, in, sum.address, rowSums) == BEST_ALIGNMENT;
        if (!asked
                || !multiply(sum, dW.dtype(), left, right, in, M, N, K, accumulate, sum.address, epilogue, rowSums)) {
            return false;
        }
        elements.add(dBias, rowSums);
        return true;
    }

    /** {@code c[M, N] = a[M, K] b[K, N]}, or {@code +=}. */
    private void product(Matrix c, DType out, Matrix a, Matrix b, DType in, int M, int N, int K, boolean accumulate) {
        if (!multiply(c, out, a, b, in, M, N, K, accumulate, c.address, Epilogue.NONE, 0)) {
            own(c, out, a, b, in, null, null, M, N, K, accumulate);
        }
    }

    /** The library's a is our b and the other way round. */
    private boolean multiply(
            Matrix c,
            DType out,
            Matrix a,
            Matrix b,
            DType in,
            int M,
            int N,
            int K,
            boolean add,
            long addend,
            Epilogue epilogue,
            long vectorAddress) {
        Launcher.requireComputes(in);
        int alignment = alignment(c, out, a, b, in, addend, vectorAddress);
        Shape shape =
                new Shape(N, M, K, b.transposed, a.transposed, b.ld, a.ld, c.ld, in, out, add, epilogue, alignment);
        return products.multiply(shape, b.address, a.address, addend, c.address, vectorAddress);
    }

    /** Of all addresses and distances of rows, in bytes. */
    private static int alignment(Matrix c, DType out, Matrix a, Matrix b, DType in, long addend, long vectorAddress) {
        long mixed = c.address | a.address | b.address | addend | vectorAddress | (long) c.ld * out.bytes();
        mixed |= (long) a.ld * in.bytes() | (long) b.ld * in.bytes() | BEST_ALIGNMENT;
        return (int) Long.lowestOneBit(mixed);
    }

    /** Our own kernel, for shapes that the library refuses. */
    private void own(
            Matrix c,
            DType out,
            Matrix a,
            Matrix b,
            DType in,
            @Nullable Tensor bias,
            @Nullable Tensor residual,
            int M,
            int N,
            int K,
            boolean accumulate) {
        Function kernel = in == DType.F32 ? f32 : out == DType.F32 ? widening : bf16;
        launcher.call(kernel)
                .address(c.address)
                .address(a.address)
                .address(b.address)
                .tensor(bias)
                .tensor(residual)
                .i32(M)
                .i32(N)
                .i32(K)
                .i64(a.rowStride())
                .i64(a.columnStride())
                .i64(b.rowStride())
                .i64(b.columnStride())
                .i64(c.ld)
                .i32(accumulate ? 1 : 0)
                .run(new Grid((N + TILE - 1) / TILE, (M + TILE - 1) / TILE, 1, TILE, TILE));
    }

    private static int dim(Tensor tensor, int axis) {
        return Math.toIntExact(tensor.dim(axis));
    }

    @Override
    public void close() {
        vector.close();
        wide.close();
    }
}
