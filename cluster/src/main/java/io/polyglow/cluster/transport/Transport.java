package io.polyglow.cluster.transport;

import io.polyglow.cluster.wire.StreamKind;
import org.jspecify.annotations.Nullable;

/**
 * Carries frames between this rank and its peers, one ordered flow per (stream, peer) and direction.
 *
 * <p>Promises: no call blocks; a frame that {@link #offer} accepted arrives once and in order, or the link becomes {@link LinkState#LOST}; what a
 * receiver does not poll pushes back on the sender and on no other flow; memory is bounded. Payload integrity is not promised:
 * frames carry their own checksum.
 *
 * <p>Threads: {@link #offer}, {@link #poll} and {@link #state} of one (stream, peer) from one thread at a time, of different ones from different threads
 * at once; {@link #close} when no thread is in a call any more; the rest from any thread.
 */
public interface Transport extends AutoCloseable {
    /** World rank of this end. */
    int rank();

    /** Number of ranks. */
    int worldSize();

    /** Longest frame on a stream, the same on every rank. */
    int maxFrameBytes(StreamKind stream);

    /**
     * Claims {@code length} bytes towards a peer and lets the writer fill them. False: no room now (back-pressure, or not connected yet); poll and
     * try again. If the writer throws, nothing is sent.
     */
    boolean offer(StreamKind stream, int peer, int length, FrameWriter writer);

    /** Hands over the next frame from a peer, if there is one. What the handler throws passes through; the frame counts as taken. */
    boolean poll(StreamKind stream, int peer, FrameHandler handler);

    /** Whether the flow works. */
    LinkState state(StreamKind stream, int peer);

    /** Why the transport itself broke down (a driver or network thread died), or null. */
    @Nullable
    Throwable failure();

    /** Where a peer is, for messages. */
    String address(int peer);

    /** Closes at once; frames not yet delivered may be lost. */
    @Override
    void close();
}
