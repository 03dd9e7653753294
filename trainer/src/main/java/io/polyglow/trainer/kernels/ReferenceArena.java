package io.polyglow.trainer.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.polyglow.trainer.precision.BFloat16;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import java.nio.ByteBuffer;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Off-heap memory of the reference engine, of any length: chunks of 1 GiB, so that no element straddles two. Elements go in and
 * out as doubles; storing rounds to nearest even.
 */
final class ReferenceArena implements Arena {
    private static final int CHUNK_BITS = 30;
    private static final long CHUNK_MASK = (1L << CHUNK_BITS) - 1;
    private static final int ALIGNMENT = 64;

    private final String purpose;
    private final long bytes;
    private final ByteBuffer[] memory;
    private UnsafeBuffer[] chunks;

    ReferenceArena(String purpose, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + purpose);
        }
        this.purpose = purpose;
        this.bytes = bytes;
        memory = new ByteBuffer[(int) ((bytes + CHUNK_MASK) >>> CHUNK_BITS)];
        chunks = new UnsafeBuffer[memory.length];
        for (int i = 0; i < chunks.length; i++) {
            int length = (int) Math.min(1L << CHUNK_BITS, bytes - ((long) i << CHUNK_BITS));
            memory[i] = ByteBuffer.allocateDirect(length + ALIGNMENT);
            long address = BufferUtil.address(memory[i]);
            chunks[i] = new UnsafeBuffer(memory[i], (int) (BitUtil.align(address, ALIGNMENT) - address), length);
        }
    }

    @Override
    public String purpose() {
        return purpose;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    void load(long offset, DType dtype, double[] out, int count) {
        checkOpen();
        for (int i = 0; i < count; i++, offset += dtype.bytes()) {
            UnsafeBuffer chunk = chunks[(int) (offset >>> CHUNK_BITS)];
            int at = (int) (offset & CHUNK_MASK);
            out[i] = switch (dtype) {
                case F64 -> chunk.getDouble(at, LITTLE_ENDIAN);
                case F32 -> chunk.getFloat(at, LITTLE_ENDIAN);
                case BF16 -> BFloat16.toFloat(chunk.getShort(at, LITTLE_ENDIAN));
                case I32 -> chunk.getInt(at, LITTLE_ENDIAN);
            };
        }
    }

    void store(long offset, DType dtype, double[] values, int count) {
        checkOpen();
        for (int i = 0; i < count; i++, offset += dtype.bytes()) {
            UnsafeBuffer chunk = chunks[(int) (offset >>> CHUNK_BITS)];
            int at = (int) (offset & CHUNK_MASK);
            switch (dtype) {
                case F64 -> chunk.putDouble(at, values[i], LITTLE_ENDIAN);
                case F32 -> chunk.putFloat(at, (float) values[i], LITTLE_ENDIAN);
                case BF16 -> chunk.putShort(at, BFloat16.fromFloat((float) values[i]), LITTLE_ENDIAN);
                case I32 -> chunk.putInt(at, (int) values[i], LITTLE_ENDIAN);
            }
        }
    }

    void read(long offset, MutableDirectBuffer out, int outOffset, long length) {
        checkOpen();
        for (long done = 0; done < length; ) {
            int part = partLength(offset + done, length - done);
            chunks[(int) ((offset + done) >>> CHUNK_BITS)].getBytes(
                    (int) ((offset + done) & CHUNK_MASK), out, Math.toIntExact(outOffset + done), part);
            done += part;
        }
    }

    void write(long offset, DirectBuffer source, int sourceOffset, long length) {
        checkOpen();
        for (long done = 0; done < length; ) {
            int part = partLength(offset + done, length - done);
            chunks[(int) ((offset + done) >>> CHUNK_BITS)].putBytes(
                    (int) ((offset + done) & CHUNK_MASK), source, Math.toIntExact(sourceOffset + done), part);
            done += part;
        }
    }

    private static int partLength(long offset, long wanted) {
        return (int) Math.min(wanted, CHUNK_MASK + 1 - (offset & CHUNK_MASK));
    }

    private void checkOpen() {
        if (chunks.length < memory.length) {
            throw new IllegalStateException("arena '" + purpose + "' is closed");
        }
    }

    @Override
    public void close() {
        if (chunks.length == memory.length) {
            chunks = new UnsafeBuffer[0];
            for (ByteBuffer chunk : memory) {
                BufferUtil.free(chunk);
            }
        }
    }
}
