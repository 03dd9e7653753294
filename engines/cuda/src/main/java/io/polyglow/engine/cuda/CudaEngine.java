package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.DevicePath;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.SystemNanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Arithmetic on one GPU. Kernels are queued on one stream and run in order; {@link #read} waits for them, copies of a {@link #copyStream} do not. */
final class CudaEngine implements Engine {
    /** {@code -Dpolyglow.cuda.graphs=false} queues every kernel by itself, to measure what graphs bring. */
    static final String GRAPHS = "polyglow.cuda.graphs";

    private static final int DETOUR_BYTES = 1 << 24;

    private final Device device;
    private final MatrixProducts products;
    private final KernelCompiler compiler;
    private final Launcher launcher;
    private final CudaKernels kernels;
    private final PinnedMemory pinned;
    private final HostLink host;
    private final Repeats repeats;
    private final Nccl nccl;
    private final List<Arena> arenas = new ArrayList<>();
    private final List<CopyStream> streams = new ArrayList<>();
    private @Nullable NcclExchange exchange;

    CudaEngine(Device device, MatrixProducts products, KernelCompiler compiler, Nccl nccl, Path cacheFolder) {
        this.device = device;
        this.products = products;
        this.compiler = compiler;
        this.nccl = nccl;
        launcher = new Launcher(device, cacheFolder, compiler);
        kernels = new CudaKernels(launcher, products);
        launcher.reportUnits();
        pinned = new PinnedMemory(device);
        host = new HostLink(device, pinned, DETOUR_BYTES);
        repeats = new Repeats(device, !QueueTimes.wanted() && Boolean.parseBoolean(System.getProperty(GRAPHS, "true")));
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
    public int devices() {
        return device.gpusOnHost();
    }

    @Override
    public String connectivity() {
        return nccl.unavailable()
                .map(reason -> device.gpusOnHost() > 1 ? InstallAdvice.nccl(device.gpusOnHost(), reason) : "")
                .orElseGet(() -> "NCCL " + Nccl.text(nccl.version()));
    }

    @Override
    public long idleNs() {
        return device.idleNs();
    }

    /** By NCCL, where every rank of the group has a GPU of its own on one host. The engine is in one group at a time. */
    @Override
    public DevicePath connect(Collectives group) {
        if (group.size() == 1) {
            return DevicePath.NONE;
        }
        List<GpuGroup.Card> cards = GpuGroup.meet(group, GpuGroup.card(GpuGroup.hostId(), device, nccl));
        Optional<String> obstacle = GpuGroup.obstacle(cards);
        if (obstacle.isPresent()) {
            return new DevicePath(null, "through the host, as " + obstacle.get());
        }
        byte[] id = group.rank() == 0 ? nccl.newId() : new byte[Nccl.ID_BYTES];
        group.broadcast(new UnsafeBuffer(id), id.length, 0);
        exchange = new NcclExchange(
                device, nccl, id, group.rank(), group.size(), NcclExchange.Limits.DEFAULT, SystemNanoClock.INSTANCE);
        return new DevicePath(
                exchange, "by NCCL " + Nccl.text(nccl.version()) + " between " + group.size() + " GPUs of this host");
    }

    @Override
    public CopyStream copyStream() {
        CudaCopyStream stream = new CudaCopyStream(device, pinned);
        streams.add(stream);
        return stream;
    }

    /** Page-locked, for buckets rather than for small writes: {@link #write} from such memory waits for all kernels queued before, from other memory only for room on the way. */
    @Override
    public UnsafeBuffer allocateHost(int bytes) {
        return pinned.allocate(bytes);
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
        if (exchange != null) {
            exchange.close();
        }
        device.await();
        repeats.close();
        streams.forEach(CopyStream::close);
        arenas.forEach(Arena::close);
        arenas.clear();
        kernels.close();
        pinned.close();
        launcher.close();
        products.close();
        device.close();
    }
}
