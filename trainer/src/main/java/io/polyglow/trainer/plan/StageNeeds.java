package io.polyglow.trainer.plan;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterLayout;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.optim.LaneSums;
import io.polyglow.trainer.optim.ModelShards;
import io.polyglow.trainer.optim.ModelShards.Group;
import io.polyglow.trainer.optim.ShardPlan;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.DType;

/**
 * What one rank needs. Ranks of a stage differ by what they own of it, at most a few blocks of 64 KiB.
 *
 * @param stage which part of the model
 * @param engine bytes that the engine allocates, by purpose
 * @param host bytes beside the engine: messages and buckets on their way, and the copy that a checkpoint is written from
 * @param sentBytes bytes that the rank sends in a step
 */
public record StageNeeds(StagePlan stage, MemoryPlan engine, MemoryPlan host, long sentBytes) {
    /** What this rank needs; {@code config} has the size of the vocabulary filled in, {@code shards} are those of its model and layout. */
    public static StageNeeds of(TrainConfig config, DType dtype, Schedule schedule, ModelShards shards, int rank) {
        ParallelLayout layout = shards.layout();
        ModelConfig model = config.model();
        int stages = layout.pipeline();
        int replica = layout.replica(rank);
        StagePlan stage = StagePlan.of(model, layout.stage(rank), stages);
        SumTree tree = new SumTree(config.batch().canonicalWidth(), layout.data());
        int microBatches = config.batch().microBatches() / layout.data();
        int slots = schedule.inFlight(stage.stage(), stages, microBatches);
        int buffers = LaneSums.buffers(tree, replica);
        int nodes = tree.nodesOf(replica).size();
        MemoryPlan engine =
                StageModel.plan(model, stage, dtype, config.batch().micro(), model.context(), slots, buffers);
        engine.add("optimizer", optimizerBytes(shards, rank, config.layout().zero() == 1));
        return new StageNeeds(
                stage,
                engine,
                hostPlan(config, shards, stage, rank, nodes),
                sentBytes(config, shards, stage, rank, nodes, microBatches));
    }

    private static long optimizerBytes(ModelShards shards, int rank, boolean zero) {
        int stage = shards.layout().stage(rank);
        long bytes = 0;
        for (Group group : shards.ownedBy(stage)) {
            long kept = zero ? owned(group, shards, rank) : size(group);
            bytes += Math.max(1, 2 * kept * Float.BYTES)
                    + Math.max(1, (long) blocks(group, shards, rank) * Double.BYTES);
        }
        boolean addsUses = shards.tied() && shards.layout().pipeline() > 1 && stage == 0;
        return bytes + (addsUses ? (long) ShardPlan.LARGEST_BUCKET * Float.BYTES : 0);
    }

    private static long owned(Group group, ModelShards shards, int rank) {
        return group.plan().segmentsOf(shards.layout().replica(rank)).stream()
                .mapToLong(Segment::count)
                .sum();
    }

    private static int blocks(Group group, ModelShards shards, int rank) {
        return group.plan().segmentsOf(shards.layout().replica(rank)).stream()
                .mapToInt(Segment::blocks)
                .sum();
    }

    private static long size(Group group) {
        return group.parameters().stream().mapToLong(each -> each.size()).sum();
    }

    private static MemoryPlan hostPlan(TrainConfig config, ModelShards shards, StagePlan stage, int rank, int nodes) {
        ParallelLayout layout = shards.layout();
        ParameterLayout parameters = new ParameterLayout(config.model(), stage);
        long saved = parameters.dealt(layout.replica(rank), layout.data()).stream()
                .mapToLong(i -> parameters.owned().get(i).spec().size())
                .sum();
        for (Group group : shards.ownedBy(stage.stage())) {
            saved += 2 * owned(group, shards, rank);
        }
        int executors = layout.pipeline() == 1 ? 0 : config.evaluate().every() == 0 ? 1 : 2;
        return new MemoryPlan()
                .add(
                        "messages",
                        executors * config.stageMessageBytes() + (nodes + 1L) * ShardPlan.LARGEST_BUCKET * Float.BYTES)
                .add("checkpoint", saved * Float.BYTES);
    }

    private static long sentBytes(
            TrainConfig config, ModelShards shards, StagePlan stage, int rank, int nodes, int microBatches) {
        long bytes = 0;
        for (Group group : shards.ownedBy(stage.stage())) {
            bytes += exchanged(group, shards, rank, nodes);
        }
        long links = (stage.embedding() ? 0L : 1L) + (stage.head() ? 0L : 1L);
        bytes += links * microBatches * config.stageMessageBytes();
        if (shards.tied() && shards.layout().pipeline() > 1) {
            Group table = shards.ownedBy(0).get(0);
            // the first stage hands on the new table, the last one sums its use and hands that back
            bytes += stage.embedding() ? size(table) * Float.BYTES : 0;
            bytes += stage.head() ? reduced(table, shards, rank, nodes) + owned(table, shards, rank) * Float.BYTES : 0;
        }
        return bytes;
    }

    /** Reduce-scatter of gradients and all-gather of weights (or, without ZeRO-1, of gradients). */
    private static long exchanged(Group group, ModelShards shards, int rank, int nodes) {
        long others = shards.layout().data() - 1L;
        return reduced(group, shards, rank, nodes) + others * owned(group, shards, rank) * Float.BYTES;
    }

    private static long reduced(Group group, ModelShards shards, int rank, int nodes) {
        return shards.layout().data() == 1 ? 0 : nodes * (size(group) - owned(group, shards, rank)) * Float.BYTES;
    }

    /** Everything that the rank holds, by purpose. */
    public MemoryPlan memory() {
        return new MemoryPlan().add(engine).add(host);
    }

    /** Everything that the rank holds. */
    public long bytes() {
        return engine.total() + host.total();
    }
}
