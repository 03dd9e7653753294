package io.polyglow.trainer.optim;

import java.util.ArrayList;
import java.util.List;

/**
 * How the replicas of a stage share its parameters (ZeRO-1, Rajbhandari et al. 2020). Parameters are cut into blocks of
 * {@link #BLOCK} elements, each counted from its own start; consecutive blocks fill buckets of a few MiB, the units of communication;
 * the blocks of a bucket are dealt to the replicas in consecutive runs, which are the slices. A pure function of the sizes of the
 * parameters and the number of replicas: every rank and every checkpoint reader computes the same plan.
 */
public final class ShardPlan {
    /** Elements of a block. */
    public static final int BLOCK = 16_384;

    /** A bucket is closed when it has this many elements: 4 MiB of f32. */
    static final int BUCKET = 1 << 20;

    /** No bucket has more elements. */
    public static final int LARGEST_BUCKET = BUCKET + BLOCK;

    private static final int LARGEST_SEGMENT = 1 << 30;

    /** Elements {@code [from, from + count)} of parameter number {@code parameter} of the stage; {@code from} is on a block border. */
    public record Segment(int parameter, long from, int count) {
        /** Number of blocks, the last of which may be short. */
        public int blocks() {
            return (count + BLOCK - 1) / BLOCK;
        }
    }

    /** A unit of communication: consecutive blocks, dealt to the replicas in consecutive slices. */
    public static final class Bucket {
        private final List<List<Segment>> slices;
        private final int[] offsets;

        private Bucket(List<List<Segment>> slices) {
            this.slices = slices;
            this.offsets = new int[slices.size() + 1];
            for (int r = 0; r < slices.size(); r++) {
                offsets[r + 1] = offsets[r];
                for (Segment segment : slices.get(r)) {
                    offsets[r + 1] += segment.count();
                }
            }
        }

        /** The segments that a replica owns. */
        public List<Segment> slice(int replica) {
            return slices.get(replica);
        }

        /** Where each replica's slice begins among the elements of the bucket, then the size of the bucket. */
        public int[] offsets() {
            return offsets.clone();
        }

        /** Its first block, as part of a segment. */
        public Segment first() {
            return slices.stream()
                    .filter(slice -> !slice.isEmpty())
                    .findFirst()
                    .orElseThrow()
                    .get(0);
        }

        /** Elements of the bucket. */
        public int size() {
            return offsets[slices.size()];
        }
    }

    private final List<Bucket> buckets;
    private final int replicas;

    /** Plans for parameters of these sizes, in order. */
    public ShardPlan(long[] sizes, int replicas) {
        this.replicas = replicas;
        this.buckets = fill(blocksOf(sizes), replicas);
    }

    /** The buckets, in the order of communication. */
    public List<Bucket> buckets() {
        return buckets;
    }

    /** Number of replicas. */
    public int replicas() {
        return replicas;
    }

    /** All segments of a replica, in order. */
    public List<Segment> segmentsOf(int replica) {
        List<Segment> segments = new ArrayList<>();
        for (Bucket bucket : buckets) {
            segments.addAll(bucket.slice(replica));
        }
        return segments;
    }

    private static List<Segment> blocksOf(long[] sizes) {
        List<Segment> blocks = new ArrayList<>();
        for (int p = 0; p < sizes.length; p++) {
            for (long from = 0; from < sizes[p]; from += BLOCK) {
                blocks.add(new Segment(p, from, (int) Math.min(BLOCK, sizes[p] - from)));
            }
        }
        return blocks;
    }

    private static List<Bucket> fill(List<Segment> blocks, int replicas) {
        List<Bucket> buckets = new ArrayList<>();
        int first = 0;
        int size = 0;
        for (int end = 1; end <= blocks.size(); end++) {
            size += blocks.get(end - 1).count();
            if (size >= BUCKET || end == blocks.size()) {
                buckets.add(deal(blocks.subList(first, end), size, replicas));
                first = end;
                size = 0;
            }
        }
        return List.copyOf(buckets);
    }

    /** A block belongs to the replica in whose equal share of the bucket's elements it begins. */
    static int replicaOf(long start, int bucketSize, int replicas) {
        return (int) (start * replicas / bucketSize);
    }

    private static Bucket deal(List<Segment> blocks, int size, int replicas) {
        List<List<Segment>> slices = new ArrayList<>();
        for (int r = 0; r < replicas; r++) {
            slices.add(new ArrayList<>());
        }
        long start = 0;
        for (Segment block : blocks) {
            slices.get(replicaOf(start, size, replicas)).add(block);
            start += block.count();
        }
        slices.replaceAll(ShardPlan::join);
        return new Bucket(List.copyOf(slices));
    }

    /** Segments of one parameter, in order and without gaps, become one, up to {@link #LARGEST_SEGMENT}. */
    static List<Segment> join(List<Segment> blocks) {
        List<Segment> joined = new ArrayList<>();
        for (Segment block : blocks) {
            Segment last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (last != null
                    && last.parameter() == block.parameter()
                    && last.count() <= LARGEST_SEGMENT - block.count()) {
                joined.set(joined.size() - 1, new Segment(last.parameter(), last.from(), last.count() + block.count()));
            } else {
                joined.add(block);
            }
        }
        return List.copyOf(joined);
    }
}
