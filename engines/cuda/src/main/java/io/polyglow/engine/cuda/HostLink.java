package io.polyglow.engine.cuda;

import io.polyglow.trainer.tensor.Tensor;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.bytedeco.javacpp.Pointer;

/**
 * Moves bytes between device and host through page-locked memory. A write returns when the bytes have been taken, not when they have arrived; it waits
 * only when the page-locked memory is full. A read waits for all work queued before it.
 */
final class HostLink implements AutoCloseable {
    private static final int BYTES = 1 << 24;

    private final Device device;
    private final Pointer outgoing;
    private final Pointer incoming;
    private final UnsafeBuffer outgoingBytes;
    private final UnsafeBuffer incomingBytes;
    private int used;

    HostLink(Device device) {
        this.device = device;
        outgoing = device.allocateHost(BYTES);
        incoming = device.allocateHost(BYTES);
        outgoingBytes = new UnsafeBuffer(outgoing.address(), BYTES);
        incomingBytes = new UnsafeBuffer(incoming.address(), BYTES);
    }

    void write(Tensor destination, DirectBuffer source, int offset) {
        int length = Math.toIntExact(destination.bytes());
        source.boundsCheck(offset, length);
        long to = CudaArena.address(destination);
        for (int done = 0; done < length; ) {
            if (used == BYTES) {
                await();
            }
            int part = Math.min(length - done, BYTES - used);
            outgoingBytes.putBytes(used, source, offset + done, part);
            device.toDevice(to + done, outgoing.getPointer(used), part);
            used = Math.min(BYTES, (used + part + 255) & -256);
            done += part;
        }
    }

    void read(Tensor source, MutableDirectBuffer destination, int offset) {
        int length = Math.toIntExact(source.bytes());
        destination.boundsCheck(offset, length);
        long from = CudaArena.address(source);
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, BYTES);
            device.toHost(incoming, from + done, part);
            await();
            destination.putBytes(offset + done, incomingBytes, 0, part);
            done += part;
        }
    }

    private void await() {
        device.await();
        used = 0;
    }

    @Override
    public void close() {
        device.freeHost(outgoing);
        device.freeHost(incoming);
    }
}
