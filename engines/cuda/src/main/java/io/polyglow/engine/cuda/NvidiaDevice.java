package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_NOT_READY;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_NO_DEVICE;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_OUT_OF_MEMORY;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
import static org.bytedeco.cuda.global.cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static org.bytedeco.cuda.global.cudart.CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT;
import static org.bytedeco.cuda.global.cudart.CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT;
import static org.bytedeco.cuda.global.cudart.CU_LAUNCH_PARAM_END_AS_INT;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_NON_BLOCKING;
import static org.bytedeco.cuda.global.cudart.cuCtxSetCurrent;
import static org.bytedeco.cuda.global.cudart.cuDeviceGet;
import static org.bytedeco.cuda.global.cudart.cuDeviceGetAttribute;
import static org.bytedeco.cuda.global.cudart.cuDeviceGetCount;
import static org.bytedeco.cuda.global.cudart.cuDeviceGetName;
import static org.bytedeco.cuda.global.cudart.cuDeviceGetUuid;
import static org.bytedeco.cuda.global.cudart.cuDevicePrimaryCtxRetain;
import static org.bytedeco.cuda.global.cudart.cuDriverGetVersion;
import static org.bytedeco.cuda.global.cudart.cuFuncSetAttribute;
import static org.bytedeco.cuda.global.cudart.cuGraphDestroy;
import static org.bytedeco.cuda.global.cudart.cuGraphExecDestroy;
import static org.bytedeco.cuda.global.cudart.cuGraphInstantiate;
import static org.bytedeco.cuda.global.cudart.cuGraphLaunch;
import static org.bytedeco.cuda.global.cudart.cuInit;
import static org.bytedeco.cuda.global.cudart.cuLaunchKernel;
import static org.bytedeco.cuda.global.cudart.cuMemAlloc;
import static org.bytedeco.cuda.global.cudart.cuMemFree;
import static org.bytedeco.cuda.global.cudart.cuMemFreeHost;
import static org.bytedeco.cuda.global.cudart.cuMemGetInfo;
import static org.bytedeco.cuda.global.cudart.cuMemHostAlloc;
import static org.bytedeco.cuda.global.cudart.cuMemcpyDtoDAsync;
import static org.bytedeco.cuda.global.cudart.cuMemcpyDtoHAsync;
import static org.bytedeco.cuda.global.cudart.cuMemcpyHtoDAsync;
import static org.bytedeco.cuda.global.cudart.cuMemsetD8Async;
import static org.bytedeco.cuda.global.cudart.cuModuleGetFunction;
import static org.bytedeco.cuda.global.cudart.cuModuleLoadData;
import static org.bytedeco.cuda.global.cudart.cuModuleUnload;
import static org.bytedeco.cuda.global.cudart.cuStreamBeginCapture;
import static org.bytedeco.cuda.global.cudart.cuStreamCreate;
import static org.bytedeco.cuda.global.cudart.cuStreamDestroy;
import static org.bytedeco.cuda.global.cudart.cuStreamEndCapture;
import static org.bytedeco.cuda.global.cudart.cuStreamQuery;
import static org.bytedeco.cuda.global.cudart.cuStreamSynchronize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.concurrent.SystemNanoClock;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.CUuuid;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A GPU behind NVIDIA's driver: its primary context and its main stream. */
final class NvidiaDevice implements Device {
    private static final Logger LOG = LoggerFactory.getLogger(NvidiaDevice.class);

    /** Whose context is the thread's current one, of which the driver keeps one for each thread. */
    private static final ThreadLocal<NvidiaDevice> CURRENT = new ThreadLocal<>();

    /**
     * Primary contexts by GPU, kept until the process ends: the last release would reset the GPU under libraries that keep state of their own in the context
     * (cuBLASLt, NCCL), and the next engine of the process would have to make it anew.
     */
    private static final Map<Integer, CUctx_st> CONTEXTS = new ConcurrentHashMap<>();

    private static final double GIB = 1 << 30;
    private static final int UUID_BYTES = 16;

    private final int device;
    private final CUctx_st context;
    private final CUstream_st stream = new CUstream_st();
    private final LongPointer argumentSize = new LongPointer(1);
    private final LongPointer extra = new LongPointer(5);
    private final PointerPointer<Pointer> extraArgument = new PointerPointer<>(extra);
    private final IdleTime idleTime = new IdleTime(SystemNanoClock.INSTANCE);
    private final List<CUmod_st> modules = new ArrayList<>();
    private final @Nullable QueueTimes times;
    private long frees;
    private boolean recording;
    private volatile boolean abandoned;

    /** The GPU of this index among those that {@code CUDA_VISIBLE_DEVICES} leaves. */
    NvidiaDevice(int index) {
        CudaCalls.check(cuInit(0), "cuInit");
        int[] handle = new int[1];
        CudaCalls.check(cuDeviceGet(handle, index), "cuDeviceGet(" + index + ")");
        device = handle[0];
        context = CONTEXTS.computeIfAbsent(device, NvidiaDevice::primaryContext);
        bind();
        CudaCalls.check(cuStreamCreate(stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        times = QueueTimes.wanted() ? new QueueTimes(stream) : null;
        extra.put(1, 0);
        extra.put(0, CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT);
        extra.put(2, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT);
        extra.put(3, argumentSize.address());
        extra.put(4, CU_LAUNCH_PARAM_END_AS_INT);
    }

    private static CUctx_st primaryContext(int device) {
        CUctx_st context = new CUctx_st();
        CudaCalls.check(cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    /** The newest CUDA that the driver serves: 1000 major + 10 minor. */
    static int driverVersion() {
        int[] version = new int[1];
        CudaCalls.check(cuDriverGetVersion(version), "cuDriverGetVersion");
        return version[0];
    }

    /** How many GPUs there are. */
    static int count() {
        int status = cuInit(0);
        if (status == CUDA_ERROR_NO_DEVICE) {
            return 0;
        }
        CudaCalls.check(status, "cuInit");
        int[] count = new int[1];
        CudaCalls.check(cuDeviceGetCount(count), "cuDeviceGetCount");
        return count[0];
    }

    /** The UUIDs of all GPUs, in the driver's order, as {@code nvidia-smi -L} shows them. */
    static List<String> uuids() {
        List<String> uuids = new ArrayList<>();
        int count = count();
        for (int index = 0; index < count; index++) {
            uuids.add(uuid(index));
        }
        return uuids;
    }

    @Override
    public int gpusOnHost() {
        return count();
    }

    @Override
    public String uuid() {
        return uuid(device);
    }

    private static String uuid(int index) {
        try (CUuuid uuid = new CUuuid()) {
            CudaCalls.check(cuDeviceGetUuid(uuid, index), "cuDeviceGetUuid");
            byte[] bytes = new byte[UUID_BYTES];
            uuid.bytes().get(bytes);
            ByteBuffer halves = ByteBuffer.wrap(bytes);
            return "GPU-" + new UUID(halves.getLong(), halves.getLong());
        }
    }

    /** Compute capability times ten of a GPU, without a context on it. */
    static int architecture(int index) {
        return 10 * attribute(index, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(index, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    static String name(int device) {
        byte[] name = new byte[256];
        CudaCalls.check(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        return new String(name, StandardCharsets.UTF_8).replace("\0", "");
    }

    private static int attribute(int device, int attribute) {
        int[] value = new int[1];
        CudaCalls.check(cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /** Makes this the GPU of the calling thread. */
    void bind() {
        if (CURRENT.get() != this) {
            CudaCalls.check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
            CURRENT.set(this);
        }
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Makes this the GPU of the calling thread, or fails where a call might wait for work that has no end. */
    void requireUsable() {
        if (abandoned) {
            throw new PolyglowException(
                    ErrorKind.PEER_LOST,
                    "the work on " + place()
                            + " has no end since an exchange with other GPUs failed, so nothing is copied to or from it any more;"
                            + " resume from the last checkpoint in another process");
        }
        bind();
    }

    /** For work to be queued on it. */
    CUstream_st stream() {
        beforeQueueing();
        return stream;
    }

    private void beforeQueueing() {
        bind();
        if (!recording) {
            idleTime.queued();
        }
    }

    /** Before something is queued, for its time where times are wanted. */
    void begin() {
        if (times != null) {
            times.begin();
        }
    }

    /** After it. */
    void end(String name) {
        if (times != null) {
            times.end(name);
        }
    }

    @Override
    public long idleNs() {
        return idleTime.ns();
    }

    /** For an event, which must not become part of a graph: whoever waited for it would be drawn into the recording. */
    CUstream_st streamOutsideRecordings() {
        if (recording) {
            throw new IllegalStateException(
                    "an event is recorded while kernel calls are recorded as a graph; record it after Engine.repeat");
        }
        return stream();
    }

    @Override
    public String describe() {
        bind();
        int version = driverVersion();
        return String.format(
                Locale.ROOT,
                "%s (sm_%d, %d multiprocessors, %.1f GiB), driver for CUDA %d.%d",
                name(device),
                architecture(),
                multiprocessors(),
                memory()[1] / GIB,
                version / 1000,
                version % 1000 / 10);
    }

    @Override
    public String place() {
        return "GPU " + device + " of " + count() + " on this host (" + uuid(device) + ")";
    }

    /** Free and total bytes. */
    private static long[] memory() {
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            CudaCalls.check(cuMemGetInfo(free, total), "cuMemGetInfo");
            return new long[] {free.get(), total.get()};
        }
    }

    @Override
    public long totalBytes() {
        bind();
        return memory()[1];
    }

    @Override
    public int architecture() {
        return architecture(device);
    }

    @Override
    public int multiprocessors() {
        return attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    @Override
    public long allocate(String purpose, long bytes) {
        bind();
        long[] address = new long[1];
        int status = cuMemAlloc(address, Math.max(1, bytes));
        if (status == CUDA_ERROR_OUT_OF_MEMORY) {
            long[] memory = memory();
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    String.format(
                            Locale.ROOT,
                            "no room for %.2f GiB of %s on %s: %.2f of %.2f GiB are free; use a smaller batch.micro, model.context or"
                                    + " model, recompute: full, or more pipeline stages, or see with nvidia-smi who else uses this GPU",
                            bytes / GIB,
                            purpose,
                            name(device),
                            memory[0] / GIB,
                            memory[1] / GIB));
        }
        CudaCalls.check(status, "cuMemAlloc of " + bytes + " bytes for " + purpose);
        return address[0];
    }

    @Override
    public void free(long address) {
        frees++;
        if (!abandoned) {
            bind();
            CudaCalls.check(cuMemFree(address), "cuMemFree");
        }
    }

    @Override
    public Pointer allocateHost(long bytes) {
        requireUsable();
        try (PointerPointer<Pointer> memory = new PointerPointer<>(1)) {
            CudaCalls.check(cuMemHostAlloc(memory, bytes, 0), "cuMemHostAlloc of " + bytes + " bytes");
            BytePointer pointer = new BytePointer(memory.get());
            pointer.capacity(bytes);
            return pointer;
        }
    }

    @Override
    public void freeHost(Pointer memory) {
        if (!abandoned) {
            bind();
            CudaCalls.check(cuMemFreeHost(memory), "cuMemFreeHost");
        }
    }

    @Override
    public void fill(long address, int value, long bytes) {
        beforeQueueing();
        begin();
        CudaCalls.check(cuMemsetD8Async(address, (byte) value, bytes, stream), "cuMemsetD8Async");
        end("fill");
    }

    @Override
    public void toDevice(long to, Pointer from, long bytes) {
        beforeQueueing();
        begin();
        CudaCalls.check(cuMemcpyHtoDAsync(to, from, bytes, stream), "cuMemcpyHtoDAsync");
        end("copy to the GPU");
    }

    @Override
    public void toHost(Pointer to, long from, long bytes) {
        beforeQueueing();
        begin();
        CudaCalls.check(cuMemcpyDtoHAsync(to, from, bytes, stream), "cuMemcpyDtoHAsync");
        end("copy to the host");
    }

    /** Queues a copy from device to device. */
    void copy(long to, long from, long bytes) {
        beforeQueueing();
        CudaCalls.check(cuMemcpyDtoDAsync(to, from, bytes, stream), "cuMemcpyDtoDAsync");
    }

    @Override
    public SideStream openSideStream() {
        return new NvidiaSideStream(this);
    }

    @Override
    public Image load(byte[] image) {
        bind();
        CUmod_st module = new CUmod_st();
        try (BytePointer code = new BytePointer(image.length + 1L)) {
            code.put(image, 0, image.length).put(image.length, (byte) 0);
            CudaCalls.check(cuModuleLoadData(module, code), "cuModuleLoadData");
        }
        modules.add(module);
        return (name, sharedBytes) -> {
            CUfunc_st function = new CUfunc_st();
            CudaCalls.check(cuModuleGetFunction(function, module, name), "cuModuleGetFunction(" + name + ")");
            if (sharedBytes > 0) {
                CudaCalls.check(
                        cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
                        name + " with " + sharedBytes + " bytes of shared memory");
            }
            return new Loaded(name, function);
        };
    }

    private record Loaded(String name, CUfunc_st handle) implements Function {}

    @Override
    public void launch(Function function, Grid grid, int sharedBytes, Pointer arguments, long argumentBytes) {
        beforeQueueing();
        Loaded loaded = (Loaded) function;
        extra.put(1, arguments.address());
        argumentSize.put(0, argumentBytes);
        begin();
        int status = cuLaunchKernel(
                loaded.handle,
                grid.x(),
                grid.y(),
                grid.z(),
                grid.threadsX(),
                grid.threadsY(),
                1,
                sharedBytes,
                stream,
                null,
                extraArgument);
        end(loaded.name);
        if (status != 0) {
            CudaCalls.check(status, "the launch of " + loaded.name + " on " + grid);
        }
    }

    /** Whether the calls of the device's thread are recorded rather than queued. */
    boolean isRecording() {
        return recording;
    }

    @Override
    public void beginRecording() {
        bind();
        CudaCalls.check(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "cuStreamBeginCapture");
        recording = true;
    }

    @Override
    public Recording endRecording() {
        bind();
        recording = false;
        CUgraph_st graph = new CUgraph_st();
        CudaCalls.check(cuStreamEndCapture(stream, graph), "cuStreamEndCapture");
        CUgraphExec_st executable = new CUgraphExec_st();
        int status = cuGraphInstantiate(executable, graph, 0);
        cuGraphDestroy(graph);
        CudaCalls.check(status, "cuGraphInstantiate");
        return new Graph(executable);
    }

    private final class Graph implements Recording {
        private final CUgraphExec_st executable;

        Graph(CUgraphExec_st executable) {
            this.executable = executable;
        }

        @Override
        public void queue() {
            beforeQueueing();
            CudaCalls.check(cuGraphLaunch(executable, stream), "cuGraphLaunch");
        }

        @Override
        public void close() {
            bind();
            cuGraphExecDestroy(executable);
        }
    }

    @Override
    public long frees() {
        return frees;
    }

    @Override
    public void await() {
        if (!abandoned) {
            bind();
            CudaCalls.check(cuStreamSynchronize(stream), "a kernel or copy queued before");
            idleTime.awaited();
            if (times != null) {
                times.awaited();
            }
        }
    }

    @Override
    public boolean done() {
        bind();
        int status = cuStreamQuery(stream);
        if (status == CUDA_ERROR_NOT_READY) {
            return false;
        }
        CudaCalls.check(status, "a kernel or copy queued before");
        return true;
    }

    @Override
    public void abandon() {
        abandoned = true;
    }

    /** Frees what this one has made; the context stays. */
    @Override
    public void close() {
        if (abandoned) {
            return;
        }
        bind();
        if (times != null) {
            LOG.info("{}", times.table());
            times.close();
        }
        cuStreamDestroy(stream);
        modules.forEach(module -> cuModuleUnload(module));
        CURRENT.remove();
        extraArgument.close();
        extra.close();
        argumentSize.close();
    }
}
