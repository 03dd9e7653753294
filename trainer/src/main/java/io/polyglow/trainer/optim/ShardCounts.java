package io.polyglow.trainer.optim;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * How much of a {@link ShardPlan} each replica owns, counted without making its segments: whole buckets of one parameter are all dealt alike, so counting takes as long for
 * large parameters as for small ones.
 */
public final class ShardCounts {
    private static final IntArrayList WHOLE_BUCKET = new IntArrayList();

    static {
        for (int i = 0; i < ShardPlan.BUCKET / ShardPlan.BLOCK; i++) {
            WHOLE_BUCKET.addInt(ShardPlan.BLOCK);
        }
    }

    private final long[] elements;
    private final long[] blocks;

    /** Counts for parameters of these sizes, in order. */
    public ShardCounts(long[] sizes, int replicas) {
        elements = new long[replicas];
        blocks = new long[replicas];
        IntArrayList bucket = new IntArrayList();
        int filled = 0;
        for (long size : sizes) {
            long from = 0;
            while (from < size) {
                long whole = filled == 0 ? (size - from) / ShardPlan.BUCKET : 0;
                if (whole > 0) {
                    deal(WHOLE_BUCKET, ShardPlan.BUCKET, whole);
                    from += whole * ShardPlan.BUCKET;
                    continue;
                }
                int block = (int) Math.min(ShardPlan.BLOCK, size - from);
                bucket.addInt(block);
                filled += block;
                from += block;
                if (filled >= ShardPlan.BUCKET) {
                    deal(bucket, filled, 1);
                    bucket.clear();
                    filled = 0;
                }
            }
        }
        deal(bucket, filled, 1);
    }

    private void deal(IntArrayList bucket, int size, long times) {
        int start = 0;
        for (int i = 0; i < bucket.size(); i++) {
            int block = bucket.getInt(i);
            int replica = ShardPlan.replicaOf(start, size, elements.length);
            elements[replica] += times * block;
            blocks[replica] += times;
            start += block;
        }
    }

    /** Elements that a replica owns. */
    public long elements(int replica) {
        return elements[replica];
    }

    /** Blocks that it owns: how many norms it has to tell. */
    public long blocks(int replica) {
        return blocks[replica];
    }

    /** Elements of all. */
    public long size() {
        return Arrays.stream(elements).sum();
    }
}
