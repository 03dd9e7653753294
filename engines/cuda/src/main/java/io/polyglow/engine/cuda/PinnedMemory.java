package io.polyglow.engine.cuda;

import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * The page-locked host memory of an engine: hands it out and knows, by address, whether a buffer lies in it, so that views of such memory count too. Blocks are few. Any thread; what
 * is freed must not be in use.
 */
final class PinnedMemory implements AutoCloseable {
    private record Block(long address, int bytes, Pointer memory) {
        boolean holds(long from, int length) {
            return from >= address && from + length <= address + bytes;
        }
    }

    private final Device device;
    private volatile List<Block> blocks = List.of();

    PinnedMemory(Device device) {
        this.device = device;
    }

    /** Zeros, until {@link #free} or {@link #close}. */
    synchronized UnsafeBuffer allocate(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes of page-locked memory");
        }
        Pointer memory = device.allocateHost(Math.max(1, bytes));
        UnsafeBuffer buffer = new UnsafeBuffer(memory.address(), bytes);
        buffer.setMemory(0, bytes, (byte) 0);
        List<Block> more = new ArrayList<>(blocks);
        more.add(new Block(memory.address(), bytes, memory));
        blocks = List.copyOf(more);
        return buffer;
    }

    /** Where a part of a buffer lies in this memory, or null where it lies elsewhere. */
    @Nullable
    Pointer find(DirectBuffer buffer, int offset, int length) {
        if (buffer.byteArray() != null) {
            return null;
        }
        long from = buffer.addressOffset() + offset;
        List<Block> all = blocks;
        for (int i = 0; i < all.size(); i++) {
            Block block = all.get(i);
            if (block.holds(from, length)) {
                return block.memory.getPointer(from - block.address);
            }
        }
        return null;
    }

    /** Frees what {@link #allocate} has handed out; does nothing when that is done already. */
    synchronized void free(UnsafeBuffer buffer) {
        List<Block> rest = new ArrayList<>(blocks);
        for (Block block : blocks) {
            if (block.address == buffer.addressOffset()) {
                rest.remove(block);
                blocks = List.copyOf(rest);
                device.freeHost(block.memory);
            }
        }
    }

    @Override
    public synchronized void close() {
        List<Block> all = blocks;
        blocks = List.of();
        all.forEach(block -> device.freeHost(block.memory));
    }
}
