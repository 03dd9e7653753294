package io.polyglow.cluster.transport;

import org.agrona.MutableDirectBuffer;

/** Fills the room that a transport has claimed for one frame. */
@FunctionalInterface
public interface FrameWriter {
    /** Writes the whole frame at {@code index}; every byte of the room must be written. */
    void write(MutableDirectBuffer buffer, int index);
}
