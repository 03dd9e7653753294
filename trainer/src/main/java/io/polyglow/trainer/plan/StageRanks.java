package io.polyglow.trainer.plan;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterLayout;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.optim.LaneSums;
import io.polyglow.trainer.optim.ModelShards;
import io.polyglow.trainer.optim.ShardCounts;
import io.polyglow.trainer.optim.ShardPlan;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.DType;
import java.util.List;

/** The ranks of one stage, who share its parameters, and what each of them needs. */
final class StageRanks {
    private final TrainConfig config;
    private final ModelConfig model;
    private final DType dtype;
    private final ParallelLayout layout;
    private final StagePlan stage;
    private final SumTree tree;
    private final int microBatches;
    private final int slots;
    private final ParameterLayout parameters;
    /** What the replicas own of each group of the stage's parameters. */
    private final List<ShardCounts> groups;

    StageRanks(TrainConfig config, DType dtype, Schedule schedule, ParallelLayout layout, int stage) {
        this.config = config;
        this.dtype = dtype;
        this.layout = layout;
        model = config.model();
        this.stage = StagePlan.of(model, stage, layout.pipeline());
        tree = new SumTree(config.batch().canonicalWidth(), layout.data());
        microBatches = config.batch().microBatches() / layout.data();
        slots = schedule.inFlight(stage, layout.pipeline(), microBatches);
        parameters = new ParameterLayout(model, this.stage);
        groups =
                ModelShards.groups(model, this.stage).stream().map(this::counts).toList();
    }

    private ShardCounts counts(List<ParameterSpec> group) {
        long[] sizes = new long[group.size()];
        boolean[] narrow = new boolean[group.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = group.get(i).size();
            narrow[i] = group.get(i).role().isWeightOfLinear();
        }
        return new ShardCounts(sizes, narrow, layout.data());
    }

    /** What the rank of a replica needs. */
    StageNeeds needs(int replica) {
        int buffers = LaneSums.buffers(tree, replica);
        MemoryPlan engine = StageModel.plan(
                model, stage, dtype, config.batch().micro(), model.context(), slots, config.recompute(), buffers);
        engine.add("optimizer", optimizerBytes(replica));
        return new StageNeeds(stage, engine, hostPlan(replica), sentBytes(replica));
    }

    private boolean sharesTable() {
        return model.tied() && layout.pipeline() > 1;
    }

    private long optimizerBytes(int replica) {
        boolean zero = config.layout().zero() == 1;
        long bytes = 0;
        for (ShardCounts group : groups) {
            long kept = zero ? group.elements(replica) : group.size();
            bytes += Math.max(1, 2 * kept * Float.BYTES) + Math.max(1, group.blocks(replica) * Double.BYTES);
        }
        boolean addsUses = sharesTable() && stage.embedding();
        return bytes + (addsUses ? (long) ShardPlan.LARGEST_BUCKET * Float.BYTES : 0);
    }

    private MemoryPlan hostPlan(int replica) {
        List<ParameterLayout.Placed> owned = parameters.owned();
        long saved = parameters.dealt(replica, layout.data()).stream()
                .mapToLong(i -> owned.get(i).spec().size())
                .sum();
        for (ShardCounts group : groups) {
            saved += 2 * group.elements(replica);
        }
        int executors = layout.pipeline() == 1 ? 0 : config.evaluate().every() == 0 ? 1 : 2;
        return new MemoryPlan()
                .add(
                        "messages",
                        executors * config.stageMessageBytes()
                                + (nodes(replica) + 1) * ShardPlan.LARGEST_BUCKET * Float.BYTES)
                .add("checkpoint", saved * Float.BYTES);
    }

    private long nodes(int replica) {
        return tree.nodesOf(replica).size();
    }

    private long sentBytes(int replica) {
        long bytes = 0;
        for (ShardCounts group : groups) {
            bytes += reduced(group, replica) + gathered(group, replica);
        }
        long links = (stage.embedding() ? 0L : 1L) + (stage.head() ? 0L : 1L);
        bytes += links * microBatches * config.stageMessageBytes();
        if (sharesTable()) {
            ShardCounts table = counts(ParameterTable.of(model).subList(0, 1));
            // the first stage hands on the new table, the last one sums its use and hands that back
            bytes += stage.embedding() ? table.size() * Float.BYTES : 0;
            bytes += stage.head() ? reduced(table, replica) + table.elements(replica) * Float.BYTES : 0;
        }
        return bytes;
    }

    /** All-gather of weights, of those of linear layers in the compute dtype; or, without ZeRO-1, of gradients. */
    private long gathered(ShardCounts group, int replica) {
        int saved = config.layout().zero() == 1 ? Float.BYTES - dtype.bytes() : 0;
        return (layout.data() - 1L) * (group.elements(replica) * Float.BYTES - group.marked(replica) * saved);
    }

    /** Reduce-scatter of gradients. */
    private long reduced(ShardCounts group, int replica) {
        return layout.data() == 1 ? 0 : nodes(replica) * (group.size() - group.elements(replica)) * Float.BYTES;
    }
}
