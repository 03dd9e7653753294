package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.HostCopies;
import io.polyglow.trainer.optim.ShardPlan.Bucket;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Tensors of a stage's parameters, one for each parameter of a {@link ShardPlan}, that the replicas of the stage sum, complete ({@link ReplicaExchange}) or
 * hand on to another stage, bucket by bucket: the weights, or one buffer of gradients.
 */
final class BucketedParameters {
    private final Engine engine;
    private final HostStaging staging;
    private final int replica;
    private final int[][] offsets;
    private final int[][] byteOffsets;
    private final Packed[][] slices;

    BucketedParameters(Engine engine, HostStaging staging, int replica, ShardPlan plan, List<Tensor> tensors) {
        this.engine = engine;
        this.staging = staging;
        this.replica = replica;
        int buckets = plan.buckets().size();
        offsets = new int[buckets][];
        byteOffsets = new int[buckets][];
        slices = new Packed[buckets][plan.replicas()];
        for (int b = 0; b < buckets; b++) {
            Bucket bucket = plan.buckets().get(b);
            offsets[b] = bucket.offsets();
            byteOffsets[b] = new int[plan.replicas() + 1];
            for (int r = 0; r < plan.replicas(); r++) {
                slices[b][r] = new Packed(bucket.slice(r), tensors);
                byteOffsets[b][r + 1] = byteOffsets[b][r] + slices[b][r].bytes();
            }
        }
    }

    /** The same parameters in several buffers of gradients. */
    static List<BucketedParameters> of(
            Engine engine, HostStaging staging, int replica, ShardPlan plan, List<List<Tensor>> buffers) {
        List<BucketedParameters> all = new ArrayList<>();
        for (List<Tensor> buffer : buffers) {
            all.add(new BucketedParameters(engine, staging, replica, plan, buffer));
        }
        return all;
    }

    /** Number of buckets. */
    int buckets() {
        return slices.length;
    }

    /** Where each replica's slice begins among the elements of a bucket, then the size of the bucket. */
    int[] offsets(int bucket) {
        return offsets[bucket];
    }

    /** The same in bytes. */
    int[] byteOffsets(int bucket) {
        return byteOffsets[bucket];
    }

    /** What a replica owns of a bucket. */
    Packed slice(int bucket, int owner) {
        return slices[bucket][owner];
    }

    /** Copies a bucket to host memory. */
    void read(HostCopies copies, int b, UnsafeBuffer to) {
        for (int r = 0; r < slices[b].length; r++) {
            slices[b][r].read(copies, to, byteOffsets[b][r]);
        }
    }

    /** Sends the slices that this replica owns. */
    void sendOwned(StageLink link) {
        for (Packed[] bucket : slices) {
            Packed mine = bucket[replica];
            mine.read(engine, staging.bucket(), 0);
            link.send(staging.bucket(), mine.bytes());
        }
    }

    /** Receives what the peer sent by {@link #sendOwned} into {@code scratch}, a bucket at most, and adds it to the own slices. */
    void receiveAndAddOwned(StageLink link, Tensor scratch) {
        for (Packed[] bucket : slices) {
            Packed mine = bucket[replica];
            link.receive(staging.bucket(), mine.bytes());
            mine.add(engine, staging.bucket(), scratch);
        }
    }

    /** Sends everything. */
    void sendAll(StageLink link) {
        for (int b = 0; b < slices.length; b++) {
            read(engine, b, staging.bucket());
            link.send(staging.bucket(), byteOffsets[b][slices[b].length]);
        }
    }

    /** Receives what the peer sent by {@link #sendAll}. */
    void receiveAll(StageLink link) {
        for (int b = 0; b < slices.length; b++) {
            link.receive(staging.bucket(), byteOffsets[b][slices[b].length]);
            for (int r = 0; r < slices[b].length; r++) {
                slices[b][r].write(engine, staging.bucket(), byteOffsets[b][r]);
            }
        }
    }
}
