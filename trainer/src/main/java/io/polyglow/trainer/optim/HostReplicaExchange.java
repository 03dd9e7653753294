package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.HostCopies;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.SumTree;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bucket by bucket through the host: read from the engine, sent by {@link Collectives}, written back. Sums go by a stream of copies beside the kernels, where the engine has
 * one.
 */
final class HostReplicaExchange implements ReplicaExchange {
    private final Engine engine;
    private final HostStaging staging;
    private final Collectives replicas;
    private final SumTree tree;
    private final @Nullable CopyStream stream;

    HostReplicaExchange(Engine engine, HostStaging staging, Collectives replicas, SumTree tree) {
        this.engine = engine;
        this.staging = staging;
        this.replicas = replicas;
        this.tree = tree;
        this.stream = replicas.size() == 1 ? null : engine.copyStream();
    }

    @Override
    public List<Runnable> reduceScatter(List<BucketedParameters> partials) {
        List<Runnable> sums = new ArrayList<>();
        for (int b = 0; b < partials.get(0).buckets() && replicas.size() > 1; b++) {
            int bucket = b;
            sums.add(() -> sum(partials, bucket));
        }
        return sums;
    }

    private void sum(List<BucketedParameters> partials, int bucket) {
        HostCopies copies = stream == null ? engine : stream;
        BucketedParameters sum = partials.get(0);
        for (int i = 0; i < partials.size(); i++) {
            partials.get(i).read(copies, bucket, staging.partial(i));
        }
        replicas.reduceScatter(staging.partials(), tree, sum.offsets(bucket), staging.slice());
        sum.slice(bucket, replicas.rank()).write(copies, staging.slice(), 0);
    }

    @Override
    public void begin() {}

    @Override
    public void end() {}

    @Override
    public @Nullable CopyStream stream() {
        return stream;
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
    public void close() {
        if (stream != null) {
            stream.close();
        }
    }
}
