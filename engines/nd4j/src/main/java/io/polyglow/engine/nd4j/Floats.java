package io.polyglow.engine.nd4j;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Zero-filled memory that ND4J owns, on the host or on a GPU: one flat FLOAT array, and views of it. To make a view costs ND4J some 40 microseconds, far
 * more than most operations on it, so views are kept.
 */
final class Floats implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    /** Kept views; a view is about 1 KB. Planned memory has fewer. */
    private static final int MOST_VIEWS = 1 << 14;

    private final String purpose;
    private final long size;
    private final INDArray flat;
    private final long first;
    private final Map<Shape, INDArray> views = new HashMap<>();
    private boolean open = true;

    Floats(String purpose, long size) {
        long padded = size + ALIGNMENT / Float.BYTES;
        if (size < 0 || padded >= Integer.MAX_VALUE) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "engine: nd4j holds at most 2^31 elements (8 GiB) in one piece, but " + purpose + " needs " + size
                            + "; use engine: cpu, more pipeline stages, or a smaller model or micro-batch");
        }
        this.purpose = purpose;
        this.size = size;
        flat = Nd4j.zeros(DataType.FLOAT, padded);
        // ND4J aligns to 16 bytes only
        first = Math.floorMod(-flat.data().address(), (long) ALIGNMENT) / Float.BYTES;
    }

    long size() {
        return size;
    }

    /** A view beginning at an element; every dim has its own stride, in elements. */
    INDArray view(long offset, long[] dims, long[] strides) {
        if (!open) {
            throw new IllegalStateException("the memory of '" + purpose + "' is already freed");
        }
        Shape shape = new Shape(offset, dims, strides);
        INDArray view = views.get(shape);
        if (view == null) {
            if (views.size() == MOST_VIEWS) {
                views.clear();
            }
            view = Nd4j.create(flat.data(), dims, strides, first + offset, 'c');
            views.put(shape, view);
        }
        return view;
    }

    /** A dense view beginning at an element. */
    INDArray view(long offset, long... dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return view(offset, dims, strides);
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            views.clear();
            flat.close();
        }
    }

    /** What distinguishes views of the same memory. */
    private static final class Shape {
        private final long offset;
        private final long[] dims;
        private final long[] strides;

        Shape(long offset, long[] dims, long[] strides) {
            this.offset = offset;
            this.dims = dims;
            this.strides = strides;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Shape that
                    && offset == that.offset
                    && Arrays.equals(dims, that.dims)
                    && Arrays.equals(strides, that.strides);
        }

        @Override
        public int hashCode() {
            return (Long.hashCode(offset) * 31 + Arrays.hashCode(dims)) * 31 + Arrays.hashCode(strides);
        }
    }
}
