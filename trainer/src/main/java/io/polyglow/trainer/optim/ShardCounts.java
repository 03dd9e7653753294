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
    private final long[] marked;
    private final long[] blocks;

    /** Counts for parameters of these sizes, in order; {@code marks} tells which of them {@link #marked} counts. */
    public ShardCounts(long[] sizes, boolean[] marks, int replicas) {
        elements = new long[replicas];
        marked = new long[replicas];
        blocks = new long[replicas];
        IntArrayList bucket = new IntArrayList(); // sizes of blocks, negative where marked
        int filled = 0;
        for (int p = 0; p < sizes.length; p++) {
            int sign = marks[p] ? -1 : 1;
            long from = 0;
            while (from < sizes[p]) {
                long whole = filled == 0 ? (sizes[p] - from) / ShardPlan.BUCKET : 0;
                if (whole > 0) {
                    deal(WHOLE_BUCKET, sign, ShardPlan.BUCKET, whole);
                    from += whole * ShardPlan.BUCKET;
                    continue;
                }
                int block = (int) Math.min(ShardPlan.BLOCK, sizes[p] - from);
                bucket.addInt(sign * block);
                filled += block;
                from += block;
                if (filled >= ShardPlan.BUCKET) {
                    deal(bucket, 1, filled, 1);
                    bucket.clear();
                    filled = 0;
                }
            }
        }
        deal(bucket, 1, filled, 1);
    }

    private void deal(IntArrayList bucket, int sign, int size, long times) {
        int start = 0;
        for (int i = 0; i < bucket.size(); i++) {
            int signed = sign * bucket.getInt(i);
            int block = Math.abs(signed);
            int replica = ShardPlan.replicaOf(start, size, elements.length);
            elements[replica] += times * block;
            marked[replica] += signed < 0 ? times * block : 0;
            blocks[replica] += times;
            start += block;
        }
    }

    /** Elements of marked parameters that a replica owns. */
    public long marked(int replica) {
        return marked[replica];
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
