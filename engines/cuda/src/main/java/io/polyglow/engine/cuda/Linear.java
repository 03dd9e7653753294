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
    private static final int TILE = 16;
    private static final int THREADS = 256;
    private static final int WARP = 32;
    private static final int ROWS_PER_BLOCK = 8;
    /** All that the library asks for; more would differ between layouts, which place tensors at different multiples of 64 bytes. */
    private static final int BEST_ALIGNMENT = 16;
    /** Elements in bf16 that the library's fast kernels load at a time. */
    private static final int GROUP = 8;

    private final Launcher launcher;
    private final MatrixProducts products;
    private final Elements elements;
    private final ColumnSums sums;
    private final Function f32;
    private final Function widening;
    private final Function bf16;
    private final Function addRows;
    private final Function rowDots;
    private final Function addProducts;
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
        rowDots = launcher.kernel("row_dots_bf16");
        addProducts = launcher.kernel("add_products_bf16");
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

        /** The matrix that begins so many elements later. */
        Matrix from(long elements, DType dtype) {
            return new Matrix(address + elements * dtype.bytes(), ld, transposed);
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
        boolean plain = layout == WeightLayout.OUT_IN && bias == null && residual == null;
        int whole = plain ? wholeOutputs(out, O, x, w) : O;
        if (!multiply(sum, out.dtype(), matrix(x), weight, x.dtype(), N, whole, I, add, addend, epilogue, copy)) {
            own(sum, out.dtype(), matrix(x), weight, x.dtype(), bias, residual, N, whole, I, false);
        }
        if (whole < O) {
            launcher.call(rowDots)
                    .address(sum.from(whole, out.dtype()).address)
                    .tensor(x)
                    .address(weight.from((long) whole * I, w.dtype()).address)
                    .i64(sum.ld)
                    .i32(N)
                    .i32(I)
                    .i32(O - whole)
                    .run(new Grid((N + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK, 1, 1, WARP, ROWS_PER_BLOCK));
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
        int N = dim(dX, 0), I = dim(dX, 1);
        int whole = outIn && dX.dtype() == DType.BF16 ? wholeOutputs(dOut, O, dX, w) : O;
        if (whole == O) {
            product(matrix(dX), dX.dtype(), matrix(dOut), weight, dOut.dtype(), N, I, O, false);
            return;
        }
        long count = (long) N * I;
        Matrix sum = new Matrix(wide.atLeast(count * Float.BYTES), I, false);
        product(sum, DType.F32, matrix(dOut), weight, dOut.dtype(), N, I, whole, false);
        launcher.call(addProducts)
                .tensor(dX)
                .address(sum.address)
                .address(matrix(dOut).from(whole, dOut.dtype()).address)
                .address(weight.from((long) whole * I, w.dtype()).address)
                .i64(dOut.dim(1))
                .i32(I)
                .i32(O - whole)
                .i64(count)
                .run(Grid.covering(count, THREADS));
    }

    void backwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        boolean outIn = layout == WeightLayout.OUT_IN;
        Matrix left = outIn ? transposed(dOut) : transposed(x);
        Matrix right = outIn ? matrix(x) : matrix(dOut);
        int M = dim(dW, 0), N = dim(dW, 1), K = dim(x, 0);
        if (dBias != null) {
            sums.sum(dBias, dOut, accumulate);
        }
        int whole = outIn ? wholeOutputs(dOut, M, dW) : M;
        product(matrix(dW), dW.dtype(), left, right, x.dtype(), whole, N, K, accumulate);
        for (int o = whole; o < M; o++) {
            long rowBytes = (long) N * dW.dtype().bytes();
            long row = CudaArena.address(dW) + o * rowBytes;
            if (!accumulate) {
                launcher.device().fill(row, 0, rowBytes);
            }
            sums.addScaled(row, x, left.address + (long) o * x.dtype().bytes(), left.ld);
        }
    }

    /**
     * How many of the O outputs in {@code rows}, with {@link io.polyglow.trainer.kernels.Kernels#PADDING}, the library computes: the multiple of 8 below, as its fast kernels load 16 bytes at a time and take no other number. {@code others} are the
     * product's other operands.
     */
    private static int wholeOutputs(Tensor rows, int O, Tensor... others) {
        long mixed = CudaArena.address(rows) | rows.dim(1) * rows.dtype().bytes();
        for (Tensor other : others) {
            mixed |= CudaArena.address(other) | other.dim(1) * other.dtype().bytes();
        }
        boolean apart = rows.dtype() == DType.BF16 && rows.dim(1) > O && O > GROUP && mixed % BEST_ALIGNMENT == 0;
        return apart ? O / GROUP * GROUP : O;
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
