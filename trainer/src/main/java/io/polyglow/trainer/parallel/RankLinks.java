package io.polyglow.trainer.parallel;

import org.jspecify.annotations.Nullable;

/**
 * Everything through which one rank meets the others: {@code world} has every rank, {@code replicas} the ranks of the same stage (group
 * rank = replica), {@code previous} and {@code next} the neighbour stages of the same replica, {@code shared} joins the first and the last stage
 * of a replica when they share a parameter. Absent links are null: there is no previous stage of the first.
 */
public record RankLinks(
        int rank,
        ParallelLayout layout,
        Collectives world,
        Collectives replicas,
        @Nullable StageLink previous,
        @Nullable StageLink next,
        @Nullable StageLink shared)
        implements AutoCloseable {
    /** The links of a rank that is alone. */
    public static RankLinks single() {
        return new RankLinks(0, ParallelLayout.SINGLE, new SingleRank(), new SingleRank(), null, null, null);
    }

    /** Pipeline stage of this rank. */
    public int stage() {
        return layout.stage(rank);
    }

    /** Data-parallel replica of this rank. */
    public int replica() {
        return layout.replica(rank);
    }

    @Override
    public void close() {
        for (StageLink link : new StageLink[] {previous, next, shared}) {
            if (link != null) {
                link.close();
            }
        }
        replicas.close();
        world.close();
    }
}
