package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.cudart.CU_EVENT_BLOCKING_SYNC;
import static org.bytedeco.cuda.global.cudart.CU_EVENT_DISABLE_TIMING;
import static org.bytedeco.cuda.global.cudart.CU_EVENT_WAIT_DEFAULT;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_NON_BLOCKING;
import static org.bytedeco.cuda.global.cudart.cuEventCreate;
import static org.bytedeco.cuda.global.cudart.cuEventDestroy;
import static org.bytedeco.cuda.global.cudart.cuEventRecord;
import static org.bytedeco.cuda.global.cudart.cuEventSynchronize;
import static org.bytedeco.cuda.global.cudart.cuMemcpyDtoHAsync;
import static org.bytedeco.cuda.global.cudart.cuMemcpyHtoDAsync;
import static org.bytedeco.cuda.global.cudart.cuStreamCreate;
import static org.bytedeco.cuda.global.cudart.cuStreamDestroy;
import static org.bytedeco.cuda.global.cudart.cuStreamWaitEvent;

import io.polyglow.trainer.kernels.CopyStream;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;

/**
 * A second stream behind NVIDIA's driver. Its waits put the thread to sleep, by an event that is made for that: waiting for the stream itself would spin, as the primary context is nobody's to
 * change the scheduling of. No call of this class touches the main stream but {@link CopyStream.Event#record}, so the engine's thread may record a graph meanwhile.
 */
final class NvidiaSideStream implements Device.SideStream {
    private final NvidiaDevice device;
    private final CUstream_st stream = new CUstream_st();
    private final List<CUevent_st> events = new ArrayList<>();
    private final CUevent_st done;

    NvidiaSideStream(NvidiaDevice device) {
        this.device = device;
        device.requireUsable();
        CudaCalls.check(cuStreamCreate(stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        done = event(CU_EVENT_DISABLE_TIMING | CU_EVENT_BLOCKING_SYNC);
    }

    private CUevent_st event(int flags) {
        device.requireUsable();
        CUevent_st event = new CUevent_st();
        CudaCalls.check(cuEventCreate(event, flags), "cuEventCreate");
        events.add(event);
        return event;
    }

    @Override
    public CopyStream.Event newEvent() {
        return new Mark(event(CU_EVENT_DISABLE_TIMING));
    }

    private final class Mark implements CopyStream.Event {
        private final CUevent_st event;

        Mark(CUevent_st event) {
            this.event = event;
        }

        @Override
        public void record() {
            device.requireUsable();
            CudaCalls.check(cuEventRecord(event, device.streamOutsideRecordings()), "cuEventRecord");
        }

        @Override
        public void await() {
            device.requireUsable();
            CudaCalls.check(cuStreamWaitEvent(stream, event, CU_EVENT_WAIT_DEFAULT), "cuStreamWaitEvent");
        }
    }

    @Override
    public void toDevice(long to, Pointer from, long bytes) {
        device.requireUsable();
        CudaCalls.check(cuMemcpyHtoDAsync(to, from, bytes, stream), "cuMemcpyHtoDAsync beside the kernels");
    }

    @Override
    public void toHost(Pointer to, long from, long bytes) {
        device.requireUsable();
        CudaCalls.check(cuMemcpyDtoHAsync(to, from, bytes, stream), "cuMemcpyDtoHAsync beside the kernels");
    }

    @Override
    public void await() {
        device.requireUsable();
        CudaCalls.check(cuEventRecord(done, stream), "cuEventRecord");
        CudaCalls.check(cuEventSynchronize(done), "a copy beside the kernels, or a kernel before it");
    }

    @Override
    public void close() {
        if (device.isAbandoned()) {
            return;
        }
        device.bind();
        events.forEach(event -> cuEventDestroy(event));
        events.clear();
        cuStreamDestroy(stream);
    }
}
