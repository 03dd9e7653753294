package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.CopyStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the replicas of a stage sum and complete their tensors. Operations are prepared once, and run by all replicas together in the same order. The sum has the same bits
 * whichever way it goes.
 */
interface ReplicaExchange extends AutoCloseable {
    /**
     * Prepares a sum over the replicas, bucket by bucket: {@code partials} are the nodes of the tree that this replica holds; its own slices of the sum replace those of the
     * first one. Its own slices of the others are undefined then. There are no buckets where a replica is alone.
     */
    List<Runnable> reduceScatter(List<BucketedParameters> partials);

    /** The stream of copies on which buckets are summed beside the engine's kernels, by one other thread; null where they are summed on the engine's thread, between {@link #begin} and {@link #end}. */
    @Nullable
    CopyStream stream();

    /** Before the first bucket of a step. */
    void begin();

    /** After the last one: returns when all are done. */
    void end();

    /** Prepares the completion of every replica's tensors from the owners' slices, on the engine's thread. */
    Runnable allGather(BucketedParameters tensors);

    /** Bytes of the engine's memory that it holds. */
    long engineBytes();

    @Override
    void close();
}
