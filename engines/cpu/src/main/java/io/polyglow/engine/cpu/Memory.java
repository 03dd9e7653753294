package io.polyglow.engine.cpu;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Zero-filled off-heap bytes of any length, aligned to 64. oneDNN sees raw addresses; the Vector API of Java 17 sees byte
 * buffers, whose offsets are ints: so the memory is covered by overlapping buffers, one beginning at every GiB and each up to 2 GiB long,
 * and any run of less than 1 GiB lies whole in the buffer of its first byte.
 */
final class Memory implements AutoCloseable {
    private static final int STRIDE_BITS = 30;
    private static final int ALIGNMENT = 64;

    private final String purpose;
    private final long bytes;
    private final long address;
    private Pointer allocation;
    private ByteBuffer[] views;

    Memory(String purpose, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + purpose);
        }
        this.purpose = purpose;
        this.bytes = bytes;
        allocation = Pointer.calloc(1, Math.addExact(bytes, 2L * ALIGNMENT));
        if (allocation == null || allocation.isNull()) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "the operating system refused " + bytes + " bytes of memory for " + purpose
                            + "; use a smaller model, micro-batch or context length, recompute: full, or a machine or container with more memory");
        }
        address = (allocation.address() + ALIGNMENT - 1) & -ALIGNMENT;
        views = new ByteBuffer[Math.toIntExact((bytes >>> STRIDE_BITS) + 1)];
        for (int i = 0; i < views.length; i++) {
            long from = (long) i << STRIDE_BITS;
            views[i] = new Foreign(address + from, Math.min(bytes - from, Integer.MAX_VALUE)).bytes();
        }
    }

    String purpose() {
        return purpose;
    }

    long bytes() {
        return bytes;
    }

    /** Address of a byte. */
    long address(long offset) {
        view(offset);
        return address + offset;
    }

    /** The buffer that holds the bytes from {@code offset} on, at {@link #at}. */
    ByteBuffer view(long offset) {
        if (views.length == 0) {
            throw new IllegalStateException("the memory of '" + purpose + "' is already freed");
        }
        return views[(int) (offset >>> STRIDE_BITS)];
    }

    /** Where the byte at {@code offset} lies in its {@link #view}. */
    static int at(long offset) {
        return (int) (offset & ((1L << STRIDE_BITS) - 1));
    }

    @Override
    public void close() {
        if (views.length > 0) {
            views = new ByteBuffer[0];
            Pointer.free(allocation);
            allocation = new Pointer();
        }
    }

    /** A byte pointer to memory that it does not own. */
    private static final class Foreign extends BytePointer {
        Foreign(long address, long capacity) {
            this.address = address;
            this.capacity = capacity;
            this.limit = capacity;
        }

        ByteBuffer bytes() {
            return asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
