package io.polyglow.trainer.parallel;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/**
 * The process grid: {@code data} replicas of a pipeline of {@code pipeline} stages. Rank = stage * data + replica, so the
 * replicas of one stage are neighbours.
 */
public record ParallelLayout(int data, int pipeline) {
    /** One rank. */
    public static final ParallelLayout SINGLE = new ParallelLayout(1, 1);

    /** Checks that both axes are positive. */
    public ParallelLayout {
        if (data < 1 || pipeline < 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "layout.data and layout.pipeline must be at least 1, but are " + data + " and " + pipeline);
        }
    }

    /** Number of ranks. */
    public int worldSize() {
        return Math.multiplyExact(data, pipeline);
    }

    /** Pipeline stage of a rank. */
    public int stage(int rank) {
        return rank / data;
    }

    /** Data-parallel replica of a rank. */
    public int replica(int rank) {
        return rank % data;
    }

    /** The rank of a stage and replica. */
    public int rank(int stage, int replica) {
        return stage * data + replica;
    }

    @Override
    public String toString() {
        return "data " + data + " x pipeline " + pipeline;
    }
}
