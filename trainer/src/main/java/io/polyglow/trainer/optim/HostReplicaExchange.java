package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.SumTree;
import java.util.List;

/** Bucket by bucket through the host: read from the engine, sent by {@link Collectives}, written back. */
final class HostReplicaExchange implements ReplicaExchange {
    private final Engine engine;
    private final HostStaging staging;
    private final Collectives replicas;
    private final SumTree tree;

    HostReplicaExchange(Engine engine, HostStaging staging, Collectives replicas, SumTree tree) {
        this.engine = engine;
        this.staging = staging;
        this.replicas = replicas;
        this.tree = tree;
    }

    @Override
    public Runnable reduceScatter(List<BucketedParameters> partials) {
        return replicas.size() == 1 ? () -> {} : () -> sum(partials);
    }

    private void sum(List<BucketedParameters> partials) {
        BucketedParameters sum = partials.get(0);
        for (int b = 0; b < sum.buckets(); b++) {
            for (int i = 0; i < partials.size(); i++) {
                partials.get(i).read(b, staging.partial(i));
            }
            replicas.reduceScatter(staging.partials(), tree, sum.offsets(b), staging.slice());
            sum.slice(b, replicas.rank()).write(engine, staging.slice(), 0);
        }
    }

    @Override
    public Runnable allGather(BucketedParameters tensors) {
        return replicas.size() == 1 ? () -> {} : () -> complete(tensors);
    }

    private void complete(BucketedParameters tensors) {
        int me = replicas.rank();
        for (int b = 0; b < tensors.buckets(); b++) {
            int[] byteOffsets = tensors.byteOffsets(b);
            tensors.slice(b, me).read(engine, staging.bucket(), byteOffsets[me]);
            replicas.allGather(staging.bucket(), byteOffsets);
            for (int r = 0; r < replicas.size(); r++) {
                if (r != me) {
                    tensors.slice(b, r).write(engine, staging.bucket(), byteOffsets[r]);
                }
            }
        }
    }

    @Override
    public long engineBytes() {
        return 0;
    }

    @Override
    public void close() {}
}
