package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.tensor.Tensor;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Copies on a stream beside the one of the kernels; buffers that are not page-locked take a detour of {@value #DETOUR_BYTES} bytes at a time. */
final class CudaCopyStream implements CopyStream {
    static final int DETOUR_BYTES = 1 << 22;

    private final Device.SideStream stream;
    private final HostLink host;
    private boolean open = true;

    CudaCopyStream(Device device, PinnedMemory memory) {
        stream = device.openSideStream();
        try {
            host = new HostLink(stream, memory, DETOUR_BYTES);
        } catch (RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    @Override
    public Event newEvent() {
        return stream.newEvent();
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        host.read(source, destination, offset);
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        host.write(destination, source, offset);
        host.flush();
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            stream.close();
            host.close();
        }
    }
}
