package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ParameterLayout;
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
 * What one rank does between the gradients of its micro-batches and the new weights of its stage: {@link #reduce}, {@link #putNorms},
 * {@link #update}, {@link #publish}, in this order, by all ranks together. With ZeRO-1 a replica keeps the moments of its slices and updates
 * those; without, gradients are completed everywhere and every replica updates everything.
 *
 * <p>A token table that embedding and head share is summed once for each use; the sums are added on the first stage, which owns the
 * table and hands its new value to the last.
 */
public final class StageOptimizer implements AutoCloseable {
    /** A group of parameters on this rank: gradients are those of the nodes of the sum tree. */
    private record Managed(BucketedParameters weights, List<BucketedParameters> gradients, OptimizerState state) {}

    private final Engine engine;
    private final RankLinks links;
    private final @Nullable StageLink shared;
    private final SumTree tree;
    private final AdamW adamW;
    private final boolean zero;
    private final ParameterSet parameters;
    private final List<GradientSet> nodes;
    private final HostStaging staging;
    private final List<Managed> groups = new ArrayList<>();
    private final @Nullable BucketedParameters borrowed;
    private final List<BucketedParameters> headUses;
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
        this.tree = tree;
        this.adamW = adamW;
        this.zero = zero;
        this.parameters = parameters;
        this.nodes = List.copyOf(nodes);
        this.staging = new HostStaging(nodes.size());
        int first = 0;
        for (Group group : shards.ownedBy(links.stage())) {
            groups.add(manage(group, first));
            first += group.parameters().size();
        }
        ShardPlan table = shards.ownedBy(0).get(0).plan();
        Tensor value = parameters.borrowed();
        borrowed = value == null ? null : bucketed(table, List.of(value));
        headUses = nodes.get(0).headUse() == null ? List.of() : headUses(table);
        boolean adds = shared != null && links.stage() == 0;
        scratchArena = adds ? engine.allocate("optimizer", (long) ShardPlan.LARGEST_BUCKET * Float.BYTES) : null;
        scratch = scratchArena == null ? null : new Tensor(scratchArena, 0, DType.F32, ShardPlan.LARGEST_BUCKET);
    }

    private Managed manage(Group group, int first) {
        List<Tensor> weights = new ArrayList<>();
        List<List<Tensor>> gradients = new ArrayList<>();
        for (int p = 0; p < group.parameters().size(); p++) {
            weights.add(parameters.parameter(first + p));
        }
        for (GradientSet node : nodes) {
            List<Tensor> ofNode = new ArrayList<>();
            for (int p = 0; p < group.parameters().size(); p++) {
                ofNode.add(node.gradient(first + p));
            }
            gradients.add(ofNode);
        }
        return new Managed(
                bucketed(group.plan(), weights),
                BucketedParameters.of(engine, staging, links.replicas(), group.plan(), gradients),
                new OptimizerState(engine, group, links.replica(), zero, weights, gradients.get(0)));
    }

    private List<BucketedParameters> headUses(ShardPlan table) {
        List<List<Tensor>> uses = new ArrayList<>();
        for (GradientSet node : nodes) {
            uses.add(List.of(Objects.requireNonNull(node.headUse())));
        }
        return BucketedParameters.of(engine, staging, links.replicas(), table, uses);
    }

    private BucketedParameters bucketed(ShardPlan plan, List<Tensor> tensors) {
        return new BucketedParameters(engine, staging, links.replicas(), plan, tensors);
    }

    /** Sums the gradients over the replicas along the tree, and the uses of the shared table: owners then hold their slices of the sum. */
    public void reduce() {
        for (Managed group : groups) {
            BucketedParameters.reduceScatter(group.gradients, tree);
        }
        if (!headUses.isEmpty()) {
            BucketedParameters.reduceScatter(headUses, tree);
        }
        addUses();
    }

    private void addUses() {
        if (shared == null) {
            Tensor headUse = nodes.get(0).headUse();
            if (headUse != null) {
                groups.get(0).state.addToGradient(engine.kernels(), List.of(headUse));
            }
        } else if (links.stage() == 0) {
            groups.get(0).gradients.get(0).receiveAndAddOwned(shared, Objects.requireNonNull(scratch));
        } else {
            headUses.get(0).sendOwned(shared);
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
            List<ParameterLayout.Placed> owned = node.layout().owned();
            for (int p = 0; p < owned.size(); p++) {
                bad |= owned.get(p).spec().equals(block.parameter()) && isBad(node.gradient(p), block);
            }
            Tensor headUse = node.headUse();
            ParameterLayout.Placed table = node.layout().headUse();
            if (headUse != null && table != null && table.spec().equals(block.parameter())) {
                bad |= isBad(headUse, block);
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
                group.gradients.get(0).allGather();
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

    /** Hands the new weights to everybody who uses them. */
    public void publish() {
        for (Managed group : groups) {
            if (zero) {
                group.weights.allGather();
            }
        }
        if (shared != null && links.stage() == 0) {
            groups.get(0).weights.sendAll(shared);
        } else if (shared != null && borrowed != null) {
            borrowed.receiveAll(shared);
        }
        parameters.refreshComputeCopies();
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
        groups.forEach(group -> group.state.close());
        if (scratchArena != null) {
            scratchArena.close();
        }
    }
}
