package io.polyglow.trainer.tensor;

import java.util.Arrays;

/**
 * A dense row-major view of part of an arena: (arena, byte offset, dtype, shape). Views are made once, when memory is
 * planned; making one does not allocate arena memory and moves no bytes.
 */
public final class Tensor {
    private final Arena arena;
    private final long offset;
    private final DType dtype;
    private final long[] shape;
    private final long size;

    /** Creates a view; it must lie inside the arena and be aligned to its element size. */
    public Tensor(Arena arena, long offset, DType dtype, long... shape) {
        long size = 1;
        for (long dim : shape) {
            if (dim < 0) {
                throw new IllegalArgumentException("negative dim in " + Arrays.toString(shape));
            }
            size = Math.multiplyExact(size, dim);
        }
        if (offset < 0
                || offset % dtype.bytes() != 0
                || Math.addExact(offset, Math.multiplyExact(size, (long) dtype.bytes())) > arena.bytes()) {
            throw new IllegalArgumentException("view of " + dtype + Arrays.toString(shape) + " at byte " + offset
                    + " does not fit the arena '" + arena.purpose() + "' of " + arena.bytes() + " bytes");
        }
        this.arena = arena;
        this.offset = offset;
        this.dtype = dtype;
        this.shape = shape.clone();
        this.size = size;
    }

    /** The memory this is a view of. */
    public Arena arena() {
        return arena;
    }

    /** First byte in the arena. */
    public long offset() {
        return offset;
    }

    /** Element type. */
    public DType dtype() {
        return dtype;
    }

    /** Number of dims. */
    public int rank() {
        return shape.length;
    }

    /** Length of one dim. */
    public long dim(int axis) {
        return shape[axis];
    }

    /** A copy of the dims. */
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** Number of bytes. */
    public long bytes() {
        return size * dtype.bytes();
    }

    /** The same elements under other dims. */
    public Tensor reshape(long... newShape) {
        Tensor view = new Tensor(arena, offset, dtype, newShape);
        if (view.size != size) {
            throw new IllegalArgumentException("cannot view " + this + " as " + Arrays.toString(newShape));
        }
        return view;
    }

    /** A flat view of elements {@code [from, from + count)}. */
    public Tensor slice(long from, long count) {
        if (from < 0 || count < 0 || from + count > size) {
            throw new IndexOutOfBoundsException("[" + from + ", +" + count + ") of " + this);
        }
        return new Tensor(arena, offset + from * dtype.bytes(), dtype, count);
    }

    /** Rows {@code [from, from + count)} of the first dim. */
    public Tensor rows(long from, long count) {
        if (from < 0 || count < 0 || from + count > shape[0]) {
            throw new IndexOutOfBoundsException("rows [" + from + ", +" + count + ") of " + this);
        }
        long[] dims = shape.clone();
        dims[0] = count;
        long rowSize = shape[0] == 0 ? 0 : size / shape[0];
        return new Tensor(arena, offset + from * rowSize * dtype.bytes(), dtype, dims);
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }
}
