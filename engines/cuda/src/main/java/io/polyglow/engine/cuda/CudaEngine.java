package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Arithmetic on one GPU. Kernels are queued on one stream and run in order; {@link #read} waits for them. */
final class CudaEngine implements Engine {
    /** {@code -Dpolyglow.cuda.graphs=false} queues every kernel by itself, to measure what graphs bring. */
    static final String GRAPHS = "polyglow.cuda.graphs";

    private final Device device;
    private final MatrixProducts products;
    private final KernelCompiler compiler;
    private final Launcher launcher;
    private final CudaKernels kernels;
    private final HostLink host;
    private final Repeats repeats;
    private final List<Arena> arenas = new ArrayList<>();

    CudaEngine(Device device, MatrixProducts products, KernelCompiler compiler, Path cacheFolder) {
        this.device = device;
        this.products = products;
        this.compiler = compiler;
        launcher = new Launcher(device, cacheFolder, compiler);
        kernels = new CudaKernels(launcher, products);
        host = new HostLink(device);
        repeats = new Repeats(device, Boolean.parseBoolean(System.getProperty(GRAPHS, "true")));
    }

    @Override
    public String name() {
        return CudaEngineProvider.NAME;
    }

    @Override
    public String describe() {
        return "cuda: " + device.describe() + ", " + products.describe() + ", NVRTC " + compiler.version();
    }

    @Override
    public String place() {
        return device.place();
    }

    @Override
    public Set<DType> computeTypes() {
        return EnumSet.of(DType.F32, DType.BF16);
    }

    @Override
    public DType preferredComputeType() {
        return DType.BF16;
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public void repeat(Object key, Runnable calls) {
        repeats.run(key, calls);
    }

    @Override
    public long deviceBytes() {
        return device.totalBytes();
    }

    @Override
    public Arena allocate(String purpose, long bytes) {
        Arena arena = new CudaArena(device, purpose, bytes);
        arenas.add(arena);
        return arena;
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        host.read(source, destination, offset);
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        host.write(destination, source, offset);
    }

    @Override
    public void close() {
        device.await();
        repeats.close();
        arenas.forEach(Arena::close);
        arenas.clear();
        kernels.close();
        host.close();
        launcher.close();
        products.close();
        device.close();
    }
}
