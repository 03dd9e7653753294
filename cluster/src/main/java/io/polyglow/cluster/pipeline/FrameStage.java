package io.polyglow.cluster.pipeline;

import io.polyglow.cluster.transport.FrameHandler;
import java.nio.ByteBuffer;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RecordDescriptor;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** A first-in first-out queue of frames in memory of fixed size. */
final class FrameStage {
    private static final int FRAME = 1;

    private final OneToOneRingBuffer ring;
    private final int roomForFrame;
    private final MessageHandler handler;

    /** Room for {@code bytes} of payload in frames; {@code consumer} gets what is taken. */
    FrameStage(long bytes, int maxFrameBytes, FrameHandler consumer) {
        handler = (type, buffer, index, length) -> consumer.onFrame(buffer, index, length);
        // A frame that does not fit before the ring's end leaves a gap there, so two frames of room take one frame for
        // sure.
        roomForFrame = 2 * BitUtil.align(maxFrameBytes + RecordDescriptor.HEADER_LENGTH, RecordDescriptor.ALIGNMENT);
        long wanted = Math.max(bytes + bytes / 4 + roomForFrame, 8L * maxFrameBytes);
        int capacity = BitUtil.findNextPositivePowerOfTwo((int) Math.min(wanted, 1 << 29));
        ring = new OneToOneRingBuffer(
                new UnsafeBuffer(ByteBuffer.allocateDirect(capacity + RingBufferDescriptor.TRAILER_LENGTH)));
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
}
