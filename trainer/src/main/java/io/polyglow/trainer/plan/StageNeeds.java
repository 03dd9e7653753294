package io.polyglow.trainer.plan;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.tensor.DType;

/**
 * What one rank needs. Ranks of a stage differ by what they own of it, at most a few blocks of 64 KiB.
 *
 * @param stage which part of the model
 * @param engine bytes that the engine allocates, by purpose
 * @param host bytes beside the engine: messages and buckets on their way, and the copy that a checkpoint is written from
 * @param sentBytes bytes that the rank sends in a step; before a checkpoint, replicas that compute in bf16 with ZeRO-1 also send each other their master weights
 */
public record StageNeeds(StagePlan stage, MemoryPlan engine, MemoryPlan host, long sentBytes) {
    /** What this rank of a layout needs; {@code config} has the size of the vocabulary filled in. */
    public static StageNeeds of(TrainConfig config, DType dtype, Schedule schedule, ParallelLayout layout, int rank) {
        return new StageRanks(config, dtype, schedule, layout, layout.stage(rank)).needs(layout.replica(rank));
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
