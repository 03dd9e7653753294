package io.polyglow.trainer.parallel;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Operations that every rank of one group calls in the same order with the same sizes. Buffers are host memory.
 *
 * <p>Promises, checked by {@code CollectivesContractTest}: the same bits on every call, whatever the timing; a wait ends when the
 * operation ends, when the deadline passes, when a peer is lost, or when the thread is interrupted, the last three with a
 * {@link io.polyglow.common.error.PolyglowException} that names the operation, its sequence number and the peer; ranks that
 * disagree on operation or size get a named error, not a hang. Memory is bounded and allocated at construction. One thread
 * at a time per group.
 */
public interface Collectives extends AutoCloseable {
    /** Index of this rank in the group. */
    int rank();

    /** Number of ranks in the group. */
    int size();

    /**
     * Sums f32 arrays over the group in the tree's order and leaves each rank its slice. {@code partials} are this rank's values of
     * the tree nodes that {@code tree.nodesOf(rank)} lists, each of {@code offsets[size]} floats (little-endian, starting at byte 0); on
     * return {@code out} holds elements {@code [offsets[rank], offsets[rank + 1])} of the sum, from byte 0.
     */
    void reduceScatter(DirectBuffer[] partials, SumTree tree, int[] offsets, MutableDirectBuffer out);

    /**
     * Completes {@code buffer} everywhere: rank r contributes bytes {@code [byteOffsets[r], byteOffsets[r + 1])}, in place.
     */
    void allGather(MutableDirectBuffer buffer, int[] byteOffsets);

    /** Copies {@code length} bytes of the root's buffer to everybody's. */
    void broadcast(MutableDirectBuffer buffer, int length, int root);

    /** Returns when every rank of the group has called it. */
    void barrier();

    @Override
    void close();
}
