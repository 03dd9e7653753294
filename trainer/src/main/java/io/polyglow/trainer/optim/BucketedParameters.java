package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.optim.ShardPlan.Bucket;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Tensors of a stage's parameters, one for each parameter of a {@link ShardPlan}, that the replicas of the stage sum, complete or hand on, bucket
 * by bucket: the weights, or one buffer of gradients.
 */
final class BucketedParameters {
    private final Engine engine;
    private final HostStaging staging;
    private final Collectives replicas;
    private final int[][] offsets;
    private final int[][] byteOffsets;
    private final Packed[][] slices;

    BucketedParameters(Engine engine, HostStaging staging, Collectives replicas, ShardPlan plan, List<Tensor> tensors) {
        this.engine = engine;
        this.staging = staging;
        this.replicas = replicas;
        int buckets = plan.buckets().size();
        offsets = new int[buckets][];
        byteOffsets = new int[buckets][];
        slices = new Packed[buckets][plan.replicas()];
        for (int b = 0; b < buckets; b++) {
            Bucket bucket = plan.buckets().get(b);
            offsets[b] = bucket.offsets();
            byteOffsets[b] = bucket.offsets();
            for (int i = 0; i < byteOffsets[b].length; i++) {
                byteOffsets[b][i] *= Float.BYTES;
            }
            for (int r = 0; r < plan.replicas(); r++) {
                slices[b][r] = new Packed(bucket.slice(r), tensors);
            }
        }
    }

    /** The same parameters in several buffers of gradients. */
    static List<BucketedParameters> of(
            Engine engine, HostStaging staging, Collectives replicas, ShardPlan plan, List<List<Tensor>> buffers) {
        List<BucketedParameters> all = new ArrayList<>();
        for (List<Tensor> buffer : buffers) {
            all.add(new BucketedParameters(engine, staging, replicas, plan, buffer));
        }
        return all;
    }

    /**
     * Sums over the replicas: {@code partials} are the nodes of the tree that this replica holds; its own slices of the sum replace those of the
     * first one.
     */
    static void reduceScatter(List<BucketedParameters> partials, SumTree tree) {
        BucketedParameters sum = partials.get(0);
        if (sum.replicas.size() == 1) {
            return;
        }
        int me = sum.replicas.rank();
        for (int b = 0; b < sum.slices.length; b++) {
            for (int i = 0; i < partials.size(); i++) {
                partials.get(i).read(b, sum.staging.partial(i));
            }
            sum.replicas.reduceScatter(sum.staging.partials(), tree, sum.offsets[b], sum.staging.slice());
            sum.slices[b][me].write(sum.engine, sum.staging.slice(), 0);
        }
    }

    /** Completes every replica's tensors from the owners' slices. */
    void allGather() {
        if (replicas.size() == 1) {
            return;
        }
        int me = replicas.rank();
        for (int b = 0; b < slices.length; b++) {
            slices[b][me].read(engine, staging.bucket(), byteOffsets[b][me]);
            replicas.allGather(staging.bucket(), byteOffsets[b]);
            for (int r = 0; r < slices[b].length; r++) {
                if (r != me) {
                    slices[b][r].write(engine, staging.bucket(), byteOffsets[b][r]);
                }
            }
        }
    }

    /** Sends the slices that this replica owns. */
    void sendOwned(StageLink link) {
        for (Packed[] bucket : slices) {
            Packed mine = bucket[replicas.rank()];
            mine.read(engine, staging.bucket(), 0);
            link.send(staging.bucket(), mine.bytes());
        }
    }

    /** Receives what the peer sent by {@link #sendOwned} into {@code scratch}, a bucket at most, and adds it to the own slices. */
    void receiveAndAddOwned(StageLink link, Tensor scratch) {
        for (Packed[] bucket : slices) {
            Packed mine = bucket[replicas.rank()];
            link.receive(staging.bucket(), mine.bytes());
            mine.add(engine, staging.bucket(), scratch);
        }
    }

    /** Sends everything. */
    void sendAll(StageLink link) {
        for (int b = 0; b < slices.length; b++) {
            read(b, staging.bucket());
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

    private void read(int b, UnsafeBuffer to) {
        for (int r = 0; r < slices[b].length; r++) {
            slices[b][r].read(engine, to, byteOffsets[b][r]);
        }
    }
}
