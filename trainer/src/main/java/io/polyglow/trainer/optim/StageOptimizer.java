package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.DevicePath;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.TensorExchange;
import io.polyglow.trainer.model.BackwardProgress;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.model.ParameterSet;
import io.polyglow.trainer.optim.ModelShards.Group;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one rank does between the gradients of its micro-batches and the new weights of its stage: {@link #reduce}, which may begin with {@link #progress}, {@link #putNorms},
 * {@link #update}, {@link #publish}, in this order, by all ranks together. With ZeRO-1 a replica keeps the moments of its slices and updates
 * those; without, gradients are completed everywhere and every replica updates everything.
 *
 * <p>A token table that embedding and head share is summed once for each use; the sums are added on the first stage, which owns the
 * table and hands its new value to the last.
 */
public final class StageOptimizer implements AutoCloseable {
    /** A group of parameters on this rank: gradients are those of the nodes of the sum tree. */
    private record Managed(
            BucketedParameters weights,
            BucketedParameters gradients,
            Runnable completeGradients,
            Runnable publishWeights,
            Runnable completeWeights,
            boolean hasWeightsOfLinear,
            OptimizerState state) {}

    private final Engine engine;
    private final RankLinks links;
    private final @Nullable StageLink shared;
    private final AdamW adamW;
    private final boolean zero;
    /** Whether other replicas update a part of the weights. */
    private final boolean receives;

    private final ParameterSet parameters;
    private final List<GradientSet> nodes;
    private final HostStaging staging;
    private final List<Managed> groups = new ArrayList<>();
    private final @Nullable BucketedParameters borrowed;
    private final @Nullable BucketedParameters headUse;
    private final String path;
    private final ReplicaExchange exchange;
    private final GradientReducer reducer;
    private final @Nullable Arena scratchArena;
    private final @Nullable Tensor scratch;

    /** {@code nodes} are the gradients in which the tree nodes of this replica end up, in order. */
    public StageOptimizer(
            Engine engine,
            RankLinks links,
            SumTree tree,
            ModelShards shards,
            AdamW adamW,
            boolean zero,
            ParameterSet parameters,
            List<GradientSet> nodes) {
        this.engine = engine;
        this.links = links;
        this.shared = shards.tied() ? links.shared() : null;
        this.adamW = adamW;
        this.zero = zero;
        this.receives = zero && links.layout().data() > 1;
        this.parameters = parameters;
        this.nodes = List.copyOf(nodes);
        this.staging = new HostStaging(engine, nodes.size());
        DevicePath reached = engine.connect(links.replicas());
        this.path = reached.description();
        this.exchange = exchange(reached.exchange(), tree, shards);
        List<GradientReducer.Bucket> sums = new ArrayList<>();
        int first = 0;
        for (Group group : shards.ownedBy(links.stage())) {
            groups.add(manage(group, first, sums));
            first += group.parameters().size();
        }
        ShardPlan table = shards.ownedBy(0).get(0).plan();
        Tensor value = parameters.borrowed();
        borrowed = value == null ? null : bucketed(table, List.of(value));
        List<BucketedParameters> headUses = nodes.get(0).headUse() == null ? List.of() : headUses(table);
        headUse = headUses.isEmpty() ? null : headUses.get(0);
        if (!headUses.isEmpty()) {
            Placed use = Objects.requireNonNull(nodes.get(0).layout().headUse());
            addSums(sums, table, List.of(use), headUses);
        }
        reducer = new GradientReducer(exchange, sums, "reducer-" + links.rank());
        boolean adds = shared != null && links.stage() == 0;
        scratchArena = adds ? engine.allocate("optimizer", (long) ShardPlan.LARGEST_BUCKET * Float.BYTES) : null;
        scratch = scratchArena == null ? null : new Tensor(scratchArena, 0, DType.F32, ShardPlan.LARGEST_BUCKET);
    }

    private ReplicaExchange exchange(@Nullable TensorExchange direct, SumTree tree, ModelShards shards) {
        if (direct == null) {
            return new HostReplicaExchange(engine, staging, links.replicas(), tree);
        }
        List<ShardPlan> plans = new ArrayList<>(List.of(shards.ownedBy(0).get(0).plan()));
        shards.ownedBy(links.stage()).forEach(group -> plans.add(group.plan()));
        return new DeviceReplicaExchange(engine, direct, links.replicas(), tree, plans);
    }

    /** How the replicas reach each other, for the first line of a run; empty where there is no choice. */
    public String path() {
        return path;
    }

    /** Bytes of the engine's memory in which gradients of other replicas arrive. */
    public long exchangeBytes() {
        return exchange.engineBytes();
    }

    private Managed manage(Group group, int first, List<GradientReducer.Bucket> sums) {
        List<Tensor> weights = new ArrayList<>();
        List<Tensor> used = new ArrayList<>();
        List<List<Tensor>> gradients = new ArrayList<>();
        for (int p = 0; p < group.parameters().size(); p++) {
            weights.add(parameters.parameter(first + p));
            used.add(parameters.used(first + p));
        }
        for (GradientSet node : nodes) {
            List<Tensor> ofNode = new ArrayList<>();
            for (int p = 0; p < group.parameters().size(); p++) {
                ofNode.add(node.gradient(first + p));
            }
            gradients.add(ofNode);
        }
        BucketedParameters bucketedWeights = bucketed(group.plan(), weights);
        List<BucketedParameters> partials =
                BucketedParameters.of(engine, staging, links.replica(), group.plan(), gradients);
        List<Placed> places = parameters.layout().owned();
        addSums(sums, group.plan(), places.subList(first, first + weights.size()), partials);
        return new Managed(
                bucketedWeights,
                partials.get(0),
                exchange.allGather(partials.get(0)),
                exchange.allGather(bucketed(group.plan(), used)),
                exchange.allGather(bucketedWeights),
                group.parameters().stream().anyMatch(each -> each.role().isWeightOfLinear()),
                new OptimizerState(
                        engine, group, links.replica(), zero, weights, gradients.get(0), copies(group, first)));
    }

    /** Adds the sums of all buckets of a plan, with their places in the flat gradients. */
    private void addSums(
            List<GradientReducer.Bucket> sums, ShardPlan plan, List<Placed> places, List<BucketedParameters> partials) {
        List<Runnable> buckets = exchange.reduceScatter(partials);
        for (int b = 0; b < buckets.size(); b++) {
            ShardPlan.Segment first = plan.buckets().get(b).first();
            long from = places.get(first.parameter()).offset() + first.from();
            sums.add(new GradientReducer.Bucket(from, buckets.get(b)));
        }
    }

    /** The weights in the compute dtype, which updates write too; none where that is the dtype of master weights. */
    private List<Tensor> copies(Group group, int first) {
        List<Tensor> copies = new ArrayList<>();
        for (int p = 0; p < group.parameters().size(); p++) {
            Tensor copy = parameters.computeCopy(first + p);
            if (copy != null) {
                copies.add(copy);
            }
        }
        return copies;
    }

    private List<BucketedParameters> headUses(ShardPlan table) {
        List<List<Tensor>> uses = new ArrayList<>();
        for (GradientSet node : nodes) {
            uses.add(List.of(Objects.requireNonNull(node.headUse())));
        }
        return BucketedParameters.of(engine, staging, links.replica(), table, uses);
    }

    private BucketedParameters bucketed(ShardPlan plan, List<Tensor> tensors) {
        return new BucketedParameters(engine, staging, links.replica(), plan, tensors);
    }

    /**
     * Who wants to hear, in every step before {@link #reduce}, which gradients of the nodes are final, to sum them over the replicas while the backward pass goes on; null where nobody
     * does.
     */
    public @Nullable BackwardProgress progress() {
        return reducer.overlaps() ? reducer : null;
    }

    /** Sums the gradients over the replicas along the tree, and the uses of the shared table: owners then hold their slices of the sum. */
    public void reduce() {
        reducer.finish();
        addUses();
    }

    private void addUses() {
        if (shared == null) {
            Tensor use = nodes.get(0).headUse();
            if (use != null) {
                groups.get(0).state.addToGradient(engine.kernels(), List.of(use));
            }
        } else if (links.stage() == 0) {
            groups.get(0).gradients.receiveAndAddOwned(shared, Objects.requireNonNull(scratch));
        } else {
            Objects.requireNonNull(headUse).sendOwned(shared);
        }
    }

    /** Puts the sums of squares of the gradient blocks that this rank owns. */
    public void putNorms(StepTotals totals) {
        int at = totals.normOffset();
        for (Managed group : groups) {
            at = group.state.putNorms(totals.buffer(), at);
        }
    }

    /**
     * Tells which ranks contributed a non-finite gradient to a block; all ranks call this together. The owner's contribution has been replaced by the
     * sum, so it is named when nobody else is at fault.
     */
    public String ranksWithBadGradient(Collectives world, StepTotals.Block block) {
        UnsafeBuffer flags = new UnsafeBuffer(new byte[world.size()]);
        int[] offsets = new int[world.size() + 1];
        for (int rank = 0; rank <= world.size(); rank++) {
            offsets[rank] = rank;
        }
        boolean owner = world.rank() == block.owner() && world.size() > 1;
        flags.putByte(world.rank(), (byte) (!owner && holdsBad(block) ? 1 : 0));
        world.allGather(flags, offsets);
        List<Integer> guilty = new ArrayList<>();
        for (int rank = 0; rank < world.size(); rank++) {
            if (flags.getByte(rank) != 0) {
                guilty.add(rank);
            }
        }
        return guilty.isEmpty() ? "from rank " + block.owner() : "from ranks " + guilty;
    }

    private boolean holdsBad(StepTotals.Block block) {
        boolean bad = false;
        for (GradientSet node : nodes) {
            List<Placed> owned = node.layout().owned();
            for (int p = 0; p < owned.size(); p++) {
                bad |= owned.get(p).spec().equals(block.parameter()) && isBad(node.gradient(p), block);
            }
            Tensor use = node.headUse();
            Placed table = node.layout().headUse();
            if (use != null && table != null && table.spec().equals(block.parameter())) {
                bad |= isBad(use, block);
            }
        }
        return bad;
    }

    private boolean isBad(Tensor gradient, StepTotals.Block block) {
        long from = (long) block.index() * ShardPlan.BLOCK;
        Tensor part = gradient.slice(from, Math.min(ShardPlan.BLOCK, gradient.size() - from));
        try (Arena arena = engine.allocate("scratch", Double.BYTES)) {
            Tensor sum = new Tensor(arena, 0, DType.F64, 1);
            engine.kernels().sumOfSquares(sum, part, ShardPlan.BLOCK);
            UnsafeBuffer value = new UnsafeBuffer(new byte[Double.BYTES]);
            engine.read(sum, value, 0);
            return !Double.isFinite(value.getDouble(0, ByteOrder.LITTLE_ENDIAN));
        }
    }

    /** AdamW update number {@code step}, counted from 1, for gradients of the given global norm. */
    public void update(long step, double learningRate, double gradientNorm) {
        AdamWStep decaying = scalars(step, learningRate, gradientNorm, adamW.weightDecay());
        AdamWStep plain = scalars(step, learningRate, gradientNorm, 0);
        for (Managed group : groups) {
            if (!zero) {
                group.completeGradients.run();
            }
            group.state.update(decaying, plain);
        }
    }

    private AdamWStep scalars(long step, double learningRate, double gradientNorm, double weightDecay) {
        return new AdamWStep(
                learningRate,
                adamW.beta1(),
                adamW.beta2(),
                adamW.epsilon(),
                weightDecay,
                AdamW.correction(adamW.beta1(), step),
                AdamW.correction(adamW.beta2(), step),
                adamW.clipScale(gradientNorm));
    }

    /**
     * Hands the new weights to everybody who uses them, in the dtype in which they are used. Where replicas update parts of the weights, master weights that no kernel uses are then new
     * at their owner alone, until {@link #completeWeights}.
     */
    public void publish() {
        if (receives) {
            groups.forEach(group -> group.publishWeights.run());
        }
        if (shared != null && links.stage() == 0) {
            groups.get(0).weights.sendAll(shared);
        } else if (shared != null && borrowed != null) {
            borrowed.receiveAll(shared);
        }
        if (receives) {
            parameters.refreshCopiesOfUsedMasters();
        } else {
            parameters.refreshBorrowedCopy();
        }
    }

    /** Brings all master weights up to date on all ranks, for who reads them: checkpoints and comparisons. All ranks call this together. */
    public void completeWeights() {
        if (receives && parameters.precision().mixed()) {
            groups.stream().filter(group -> group.hasWeightsOfLinear).forEach(group -> group.completeWeights.run());
        }
    }

    /** The slices of moments that this rank saves. */
    public List<MomentSlice> slices() {
        return groups.stream().flatMap(group -> group.state.slices().stream()).toList();
    }

    /** The slices of moments that this rank needs when it resumes. */
    public List<MomentSlice> kept() {
        return groups.stream().flatMap(group -> group.state.kept().stream()).toList();
    }

    @Override
    public void close() {
        reducer.close();
        exchange.close();
        groups.forEach(group -> group.state.close());
        if (scratchArena != null) {
            scratchArena.close();
        }
    }
}
