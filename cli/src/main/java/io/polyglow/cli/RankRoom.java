package io.polyglow.cli;

import io.polyglow.cluster.spark.RankMemory;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.plan.StageNeeds;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * What a rank may use, and what counts against that: of a GPU what its engine allocates there, of a host all that its process holds.
 *
 * @param deviceBytes memory of the device that the engine computes on; 0 where it is the host
 * @param devices how many of these this machine has for its ranks
 * @param given bytes that a rank may use elsewhere, on hosts of its own; null for this machine's memory, shared by all ranks of the layout, or its GPU's
 */
record RankRoom(long deviceBytes, int devices, @Nullable Long given) {
    /** Of ranks that compute on this machine's processors. */
    static RankRoom ofHost(@Nullable Long given) {
        return new RankRoom(0, 0, given);
    }

    boolean onDevice() {
        return deviceBytes > 0;
    }

    /** Whether all ranks are on this machine. */
    boolean isOneHost() {
        return given == null;
    }

    /** Bytes that a rank of this layout may use. */
    long limit(TrainConfig config) {
        if (given != null) {
            return given;
        }
        int ranks = config.layout().grid().worldSize();
        return onDevice() ? deviceBytes / -Math.floorDiv(-ranks, devices) : HostMemory.physicalBytes() / ranks;
    }

    /** What a rank's process holds beside its tensors. */
    MemoryPlan process(TrainConfig config) {
        return RankMemory.ofProcess(config, isOneHost());
    }

    /** By purpose, what a rank of a stage holds of what is limited. */
    MemoryPlan counted(RunPlan plan, StageNeeds stage) {
        MemoryPlan counted = new MemoryPlan().add(stage.engine());
        return onDevice() ? counted : counted.add(stage.host()).add(process(plan.config()));
    }

    /** The same of the neediest rank. */
    MemoryPlan most(RunPlan plan) {
        return counted(plan, neediest(plan));
    }

    private StageNeeds neediest(RunPlan plan) {
        return plan.stages().stream()
                .max(Comparator.comparingLong(this::tensorBytes))
                .orElseThrow();
    }

    /** What ranks of one layout differ by. */
    private long tensorBytes(StageNeeds stage) {
        return onDevice() ? stage.engine().total() : stage.bytes();
    }

    /** Tensors first: what a process holds beside them depends on all pairs of ranks, and is not asked of the many layouts that are out of the question. */
    boolean fits(RunPlan plan) {
        long limit = limit(plan.config());
        return tensorBytes(neediest(plan)) <= limit && most(plan).total() <= limit;
    }

    /** Whether another layout fits; one whose stages cannot send each other a micro-batch does not. */
    boolean canRun(RunPlan other) {
        try {
            return fits(other);
        } catch (PolyglowException e) {
            return false;
        }
    }
}
