package io.polyglow.cluster.transport;

import org.agrona.DirectBuffer;

/** Takes one received frame; the bytes are valid only during the call. */
@FunctionalInterface
public interface FrameHandler {
    /** {@code length} bytes at {@code index}, unchecked: whatever the network delivered. */
    void onFrame(DirectBuffer buffer, int index, int length);
}
