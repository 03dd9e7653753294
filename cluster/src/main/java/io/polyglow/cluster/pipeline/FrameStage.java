package io.polyglow.cluster.pipeline;

import io.polyglow.cluster.transport.FrameHandler;
import io.polyglow.cluster.wire.FrameLayout;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RecordDescriptor;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** A first-in first-out queue of frames in memory of fixed size. */
final class FrameStage implements AutoCloseable {
    private static final int FRAME = 1;
    private static final long MAX_BYTES = 1 << 30;

    private final ByteBuffer memory;
    private final OneToOneRingBuffer ring;
    private final int roomForFrame;
    private final MessageHandler handler;

    /** Room for {@code messages} of up to {@code messageBytes} in frames; {@code consumer} gets what is taken. */
    FrameStage(int messages, int messageBytes, int maxFrameBytes, FrameHandler consumer) {
        handler = (type, buffer, index, length) -> consumer.onFrame(buffer, index, length);
        memory = ByteBuffer.allocateDirect(bytes(messages, messageBytes, maxFrameBytes));
        ring = new OneToOneRingBuffer(new UnsafeBuffer(memory));
        roomForFrame = roomForFrame(maxFrameBytes);
    }

    /** Bytes that a stage takes; refuses more than can be had in one piece. */
    static int bytes(int messages, int messageBytes, int maxFrameBytes) {
        int record = record(maxFrameBytes);
        long framesOfMessage = Math.max(1, ceilDiv(messageBytes, maxFrameBytes - FrameLayout.HEADER_BYTES));
        long wanted = Math.max(8L * record, messages * framesOfMessage * record + record + roomForFrame(maxFrameBytes));
        if (wanted > MAX_BYTES) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    messages + " messages of " + messageBytes + " bytes between two stages take " + wanted
                            + " bytes to stage, more than " + MAX_BYTES
                            + "; set layout.schedule to 1f1b, with which a smaller batch.micro helps too, or use a larger"
                            + " layout.data");
        }
        return BitUtil.findNextPositivePowerOfTwo((int) wanted) + RingBufferDescriptor.TRAILER_LENGTH;
    }

    private static int record(int maxFrameBytes) {
        return BitUtil.align(maxFrameBytes + RecordDescriptor.HEADER_LENGTH, RecordDescriptor.ALIGNMENT);
    }

    /** A frame that does not fit before the ring's end leaves a gap there, so two frames of room take one frame for sure. */
    private static int roomForFrame(int maxFrameBytes) {
        return 2 * record(maxFrameBytes);
    }

    private static int ceilDiv(int value, int divisor) {
        return -Math.floorDiv(-value, divisor);
    }

    boolean hasRoom() {
        return ring.capacity() - ring.size() >= roomForFrame;
    }

    /** Appends a frame; there must be room. */
    void put(DirectBuffer buffer, int index, int length) {
        if (!ring.write(FRAME, buffer, index, length)) {
            throw new IllegalStateException("no room for a frame of " + length + " bytes");
        }
    }

    /** Hands over and removes the oldest frame, if there is one. */
    boolean take() {
        int taken = 0;
        // A read may find nothing but the gap at the ring's end.
        while (taken == 0 && ring.size() > 0) {
            taken = ring.read(handler, 1);
        }
        return taken > 0;
    }

    /** Frees the memory at once. */
    @Override
    public void close() {
        BufferUtil.free(memory);
    }
}
