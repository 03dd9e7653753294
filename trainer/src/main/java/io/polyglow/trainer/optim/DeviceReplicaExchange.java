package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.TensorExchange;
import io.polyglow.trainer.optim.ShardPlan.Bucket;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.SumPlan;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bucket by bucket between the engines' memories: every replica sends the owner of a slice the slice of each of its nodes, and the owner adds them in the order of the
 * {@link SumPlan}. Nodes of others arrive in staging memory, a slice for each.
 *
 * <p>Before a replica queues anything it meets the others on the host, where one that is lost or late is told by name; past the host only the time of the copies themselves has to be
 * survived. When an operation returns, the engine has done it.
 */
final class DeviceReplicaExchange implements ReplicaExchange {
    private static final Tensor[] NOTHING = {};

    private final Kernels kernels;
    private final TensorExchange exchange;
    private final Collectives replicas;
    private final SumPlan plan;
    private final int me;
    private final long room;
    private final Arena arena;
    private final Tensor staging;

    /** Staging is large enough for the slices of {@code plans}. Closes {@code exchange} with itself. */
    DeviceReplicaExchange(
            Engine engine, TensorExchange exchange, Collectives replicas, SumTree tree, List<ShardPlan> plans) {
        this.kernels = engine.kernels();
        this.exchange = exchange;
        this.replicas = replicas;
        this.plan = new SumPlan(tree, replicas.size());
        this.me = replicas.rank();
        this.room = largestSlice(plans);
        long elements = (plan.slots() - plan.nodes(me)) * room;
        arena = engine.allocate("exchange", elements * Float.BYTES);
        staging = new Tensor(arena, 0, DType.F32, elements);
    }

    private long largestSlice(List<ShardPlan> plans) {
        long most = 0;
        for (ShardPlan each : plans) {
            for (Bucket bucket : each.buckets()) {
                int[] offsets = bucket.offsets();
                most = Math.max(most, offsets[me + 1] - offsets[me]);
            }
        }
        return most;
    }

    @Override
    public List<Runnable> reduceScatter(List<BucketedParameters> partials) {
        List<Runnable> sums = new ArrayList<>();
        for (int b = 0; b < partials.get(0).buckets(); b++) {
            sums.add(new SliceSum(partials, b)::queue);
        }
        return sums;
    }

    @Override
    public void begin() {
        replicas.barrier();
    }

    @Override
    public void end() {
        exchange.await();
    }

    /** Sums are kernels, so they are the engine's thread's. */
    @Override
    public @Nullable CopyStream stream() {
        return null;
    }

    @Override
    public Runnable allGather(BucketedParameters tensors) {
        List<Runnable> buckets = new ArrayList<>();
        for (int b = 0; b < tensors.buckets(); b++) {
            Tensor[][] outgoing = new Tensor[replicas.size()][];
            Tensor[][] incoming = new Tensor[replicas.size()][];
            for (int r = 0; r < replicas.size(); r++) {
                outgoing[r] = r == me ? NOTHING : tensors.slice(b, me).views();
                incoming[r] = r == me ? NOTHING : tensors.slice(b, r).views();
            }
            buckets.add(() -> exchange.exchange(outgoing, incoming));
        }
        return () -> {
            begin();
            buckets.forEach(Runnable::run);
            end();
        };
    }

    /** This replica's slice of one bucket. */
    private final class SliceSum {
        private final Tensor[][] outgoing = new Tensor[replicas.size()][];
        private final Tensor[][] incoming = new Tensor[replicas.size()][];
        /** By slot, then by segment of the slice. */
        private final Tensor[][] terms = new Tensor[plan.slots()][];

        SliceSum(List<BucketedParameters> partials, int bucket) {
            Tensor[] mine = partials.get(0).slice(bucket, me).views();
            long at = 0;
            for (int r = 0; r < replicas.size(); r++) {
                List<Tensor> sent = new ArrayList<>();
                List<Tensor> received = new ArrayList<>();
                for (int i = 0; i < plan.nodes(r) && r != me; i++) {
                    Tensor[] landing = cutAs(mine, staging.slice(at, room));
                    at += room;
                    terms[plan.firstSlot(r) + i] = landing;
                    received.addAll(List.of(landing));
                }
                for (int i = 0; i < plan.nodes(me); i++) {
                    Tensor[] ofNode = partials.get(i).slice(bucket, r).views();
                    if (r == me) {
                        terms[plan.firstSlot(me) + i] = ofNode;
                    } else {
                        sent.addAll(List.of(ofNode));
                    }
                }
                outgoing[r] = sent.toArray(NOTHING);
                incoming[r] = received.toArray(NOTHING);
            }
        }

        private static Tensor[] cutAs(Tensor[] pattern, Tensor flat) {
            Tensor[] cut = new Tensor[pattern.length];
            long at = 0;
            for (int s = 0; s < cut.length; s++) {
                cut[s] = flat.slice(at, pattern[s].size());
                at += pattern[s].size();
            }
            return cut;
        }

        void queue() {
            exchange.exchange(outgoing, incoming);
            for (int i = 0; i < plan.adds(); i++) {
                Tensor[] into = terms[plan.into(i)];
                Tensor[] from = terms[plan.from(i)];
                for (int s = 0; s < into.length; s++) {
                    kernels.add(into[s], from[s]);
                }
            }
            Tensor[] sum = terms[0];
            Tensor[] mine = terms[plan.firstSlot(me)];
            for (int s = 0; s < sum.length && sum != mine; s++) {
                kernels.copy(mine[s], sum[s]);
            }
        }
    }

    @Override
    public long engineBytes() {
        return arena.bytes();
    }

    @Override
    public void close() {
        exchange.close();
        arena.close();
    }
}
