package io.polyglow.engine.cuda;

import io.polyglow.trainer.tensor.Tensor;
import java.util.Objects;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.bytedeco.javacpp.Pointer;

/**
 * Moves bytes between device and host on one stream, by its thread. Page-locked buffers are read and written by the GPU itself, others by way of page-locked memory of this link. A write
 * returns when the bytes have been taken, which may be before they have arrived: from a page-locked buffer after all work queued before, from others at once while the link's memory
 * has room. A read waits for all work queued before it.
 */
final class HostLink implements AutoCloseable {
    private final CopyQueue queue;
    private final PinnedMemory memory;
    private final UnsafeBuffer detour;
    private int used;

    /** With {@code bytes} of page-locked memory, a multiple of 256. */
    HostLink(CopyQueue queue, PinnedMemory memory, int bytes) {
        this.queue = queue;
        this.memory = memory;
        this.detour = memory.allocate(bytes);
    }

    void write(Tensor destination, DirectBuffer source, int offset) {
        int length = Math.toIntExact(destination.bytes());
        source.boundsCheck(offset, length);
        long to = CudaArena.address(destination);
        Pointer direct = memory.find(source, offset, length);
        if (direct == null) {
            writeByDetour(to, source, offset, length);
        } else if (length > 0) {
            queue.toDevice(to, direct, length);
            await();
        }
    }

    private void writeByDetour(long to, DirectBuffer source, int offset, int length) {
        for (int done = 0; done < length; ) {
            if (used == detour.capacity()) {
                await();
            }
            int part = Math.min(length - done, detour.capacity() - used);
            detour.putBytes(used, source, offset + done, part);
            queue.toDevice(to + done, detourAt(used, part), part);
            used = Math.min(detour.capacity(), (used + part + 255) & -256);
            done += part;
        }
    }

    void read(Tensor source, MutableDirectBuffer destination, int offset) {
        int length = Math.toIntExact(source.bytes());
        destination.boundsCheck(offset, length);
        long from = CudaArena.address(source);
        Pointer direct = memory.find(destination, offset, length);
        if (direct == null) {
            readByDetour(from, destination, offset, length);
        } else if (length > 0) {
            queue.toHost(direct, from, length);
            await();
        }
    }

    /** Writes that are still on their way have left the memory before a read enters it: the stream keeps the order. */
    private void readByDetour(long from, MutableDirectBuffer destination, int offset, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, detour.capacity());
            queue.toHost(detourAt(0, part), from + done, part);
            await();
            destination.putBytes(offset + done, detour, 0, part);
            done += part;
        }
    }

    private Pointer detourAt(int at, int length) {
        return Objects.requireNonNull(memory.find(detour, at, length));
    }

    /** Waits until what was written has arrived. */
    void flush() {
        if (used > 0) {
            await();
        }
    }

    private void await() {
        queue.await();
        used = 0;
    }

    @Override
    public void close() {
        memory.free(detour);
    }
}
