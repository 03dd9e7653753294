package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;

/** Fill, copy and add, element by element. */
final class Elements {
    private static final int THREADS = 256;
    private static final int PER_THREAD = 8;

    private final Launcher launcher;
    private final ByType fill;
    private final ByType add;
    private final Function copy;
    private final Function narrow;
    private final Function widen;
    private final Function copyNarrow;

    Elements(Launcher launcher) {
        this.launcher = launcher;
        fill = launcher.kernels("fill");
        add = launcher.kernels("add");
        copy = launcher.kernel("copy_f32_f32");
        narrow = launcher.kernel("copy_bf16_f32");
        widen = launcher.kernel("copy_f32_bf16");
        copyNarrow = launcher.kernel("copy_bf16_bf16");
    }

    /** The grid in which each thread has 8 of {@code count} elements. */
    static Grid grid(long count) {
        return Grid.covering((count + PER_THREAD - 1) / PER_THREAD, THREADS);
    }

    void fill(Tensor out, double value) {
        if (Double.doubleToRawLongBits(value) == 0) {
            launcher.device().fill(CudaArena.address(out), 0, out.bytes());
        } else {
            launcher.call(fill.of(out.dtype()))
                    .tensor(out)
                    .f32(value)
                    .i64(out.size())
                    .run(grid(out.size()));
        }
    }

    void copy(Tensor out, Tensor x) {
        launcher.call(conversion(out.dtype(), x.dtype()))
                .tensor(out)
                .tensor(x)
                .i64(out.size())
                .run(grid(out.size()));
    }

    /** Copies {@code count} values of an f32 tensor to scratch of the dtype. */
    void copy(long to, DType dtype, Tensor x) {
        launcher.call(conversion(dtype, x.dtype()))
                .address(to)
                .tensor(x)
                .i64(x.size())
                .run(grid(x.size()));
    }

    private Function conversion(DType out, DType in) {
        Launcher.requireComputes(out);
        Launcher.requireComputes(in);
        if (out == in) {
            return out == DType.F32 ? copy : copyNarrow;
        }
        return out == DType.F32 ? widen : narrow;
    }

    /** Adds as many f32 values at {@code x} to an f32 tensor. */
    void add(Tensor out, long x) {
        launcher.call(add.f32()).tensor(out).address(x).i64(out.size()).run(grid(out.size()));
    }

    void add(Tensor out, Tensor x) {
        launcher.call(add.of(out.dtype())).tensor(out).tensor(x).i64(out.size()).run(grid(out.size()));
    }
}
