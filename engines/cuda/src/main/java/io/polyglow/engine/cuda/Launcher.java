package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Device.Image;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/**
 * Compiles the kernels and launches them: {@code launcher.call(kernel).tensor(x).i32(n).run(grid)}. Parameters are packed as C lays out a
 * struct of them. One call at a time, one thread.
 */
final class Launcher implements AutoCloseable {
    private static final int MOST_ARGUMENT_BYTES = 4096;

    private final Device device;
    private final KernelCache cache;
    private final Image general;
    private final BytePointer arguments = new BytePointer(MOST_ARGUMENT_BYTES);
    private @Nullable Function function;
    private int bytes;

    Launcher(Device device, Path cacheFolder, KernelCompiler compiler) {
        this.device = device;
        this.cache = new KernelCache(cacheFolder, compiler);
        this.general = compile("general", KernelSource.general(), KernelSource.OPTIONS);
    }

    /** A unit of its own. */
    Image compile(String name, String source, List<String> options) {
        return device.load(cache.get(name, source, options, device.architecture()));
    }

    /** Logs what compiling or reading the units since the last report took. */
    void reportUnits() {
        cache.report();
    }

    Device device() {
        return device;
    }

    /** A kernel of the general unit. */
    Function kernel(String name) {
        return general.function(name, 0);
    }

    /** The kernels {@code name_f32} and {@code name_bf16} of the general unit. */
    ByType kernels(String name) {
        return new ByType(kernel(name + "_f32"), kernel(name + "_bf16"));
    }

    /** One kernel for each compute dtype. */
    record ByType(Function f32, Function bf16) {
        Function of(DType dtype) {
            requireComputes(dtype);
            return dtype == DType.F32 ? f32 : bf16;
        }
    }

    /** Refuses dtypes that this engine has no kernels for. */
    static void requireComputes(DType dtype) {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException(
                    "a tensor of " + dtype + " does not fit here: cuda computes in F32 and BF16");
        }
    }

    /** Begins a call. */
    Launcher call(Function kernel) {
        function = kernel;
        bytes = 0;
        return this;
    }

    Launcher i32(long value) {
        int at = align(Integer.BYTES);
        arguments.putInt(at, Math.toIntExact(value));
        return this;
    }

    Launcher f32(double value) {
        int at = align(Float.BYTES);
        arguments.putFloat(at, (float) value);
        return this;
    }

    Launcher i64(long value) {
        int at = align(Long.BYTES);
        arguments.putLong(at, value);
        return this;
    }

    Launcher address(long value) {
        return i64(value);
    }

    /** The address of a tensor; null for none. */
    Launcher tensor(@Nullable Tensor tensor) {
        return i64(tensor == null ? 0 : CudaArena.address(tensor));
    }

    /** That many bytes of 0, in place of what a kernel will not read. */
    Launcher zeros(int count) {
        for (int i = 0; i < count; i++) {
            arguments.put(bytes++, (byte) 0);
        }
        return this;
    }

    private int align(int size) {
        int at = (bytes + size - 1) & -size;
        bytes = at + size;
        return at;
    }

    /** Queues the call. */
    void run(Grid grid) {
        run(grid, 0);
    }

    /** Queues the call, with dynamic shared memory. */
    void run(Grid grid, int sharedBytes) {
        if (function == null) {
            throw new IllegalStateException("run before call");
        }
        if (grid.x() > 0 && grid.y() > 0 && grid.z() > 0) {
            device.launch(function, grid, sharedBytes, arguments, bytes);
        }
        function = null;
    }

    @Override
    public void close() {
        arguments.close();
    }
}
