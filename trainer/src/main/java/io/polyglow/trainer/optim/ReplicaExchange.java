package io.polyglow.trainer.optim;

import java.util.List;

/**
 * How the replicas of a stage sum and complete their tensors. Operations are prepared once, and run by all replicas together in the same order. The sum has the same bits
 * whichever way it goes.
 */
interface ReplicaExchange extends AutoCloseable {
    /**
     * Prepares a sum over the replicas: {@code partials} are the nodes of the tree that this replica holds; its own slices of the sum replace those of the
     * first one. Its own slices of the others are undefined then.
     */
    Runnable reduceScatter(List<BucketedParameters> partials);

    /** Prepares the completion of every replica's tensors from the owners' slices. */
    Runnable allGather(BucketedParameters tensors);

    /** Bytes of the engine's memory that it holds. */
    long engineBytes();

    @Override
    void close();
}
