package io.polyglow.trainer.plan;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * What a run needs and does, from its config alone.
 *
 * @param config with the size of the vocabulary filled in
 * @param dtype the compute dtype
 * @param stages the neediest rank of each stage
 */
public record RunPlan(TrainConfig config, DType dtype, List<StageNeeds> stages) {
    /** Plans a run. */
    public static RunPlan of(TrainConfig config, DType dtype, Schedule schedule) {
        ParallelLayout layout = config.layout().grid();
        List<StageNeeds> stages = new ArrayList<>();
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            StageRanks ranks = new StageRanks(config, dtype, schedule, layout, stage);
            StageNeeds neediest = ranks.needs(0);
            for (int replica = 1; replica < layout.data(); replica++) {
                StageNeeds needs = ranks.needs(replica);
                neediest = needs.bytes() > neediest.bytes() ? needs : neediest;
            }
            stages.add(neediest);
        }
        return new RunPlan(config, dtype, stages);
    }

    /** A plan of another config in the same dtype. */
    public RunPlan with(TrainConfig other, Schedule schedule) {
        return of(other, dtype, schedule);
    }

    /** Parameters of the model. */
    public long parameters() {
        return ParameterTable.size(config.model());
    }

    /** Tokens of a step. */
    public long tokensPerStep() {
        return (long) config.batch().global() * config.model().context();
    }

    /** Floating-point operations of a step, over all ranks. */
    public double flopsPerStep() {
        return Throughput.flopsPerToken(config.model()) * tokensPerStep();
    }

    /** The share of a step in which a stage waits for others, if all take the same time: (P - 1) / (M + P - 1) for P stages and M micro-batches. */
    public double bubbleShare() {
        double waits = config.layout().pipeline() - 1.0;
        return waits / (microBatchesOfReplica() + waits);
    }

    int microBatchesOfReplica() {
        return config.batch().microBatches() / config.layout().data();
    }

    /** Checkpoints until the end, the last step's among them. */
    public long checkpoints() {
        long every = config.checkpoint().every();
        return every == 0 ? 1 : (config.steps() + every - 1) / every;
    }

    /** Bytes of the rank that needs most. */
    public long mostBytes() {
        return stages.stream().mapToLong(StageNeeds::bytes).max().orElseThrow();
    }

    /** Bytes beside the engine's of the rank that needs most of them. */
    public long mostHostBytes() {
        return stages.stream().mapToLong(each -> each.host().total()).max().orElseThrow();
    }

    /**
     * Of the layouts that this batch and model allow, the one with the fewest ranks, and then the most replicas, that fits.
     *
     * @param fits whether a run fits, by its neediest rank: a layout is given up without a look at its other stages if a plan of its first or of its last alone does not fit
     */
    public Optional<RunPlan> smallestLayout(Schedule schedule, Predicate<RunPlan> fits) {
        int width = config.batch().canonicalWidth();
        List<TrainConfig> layouts = new ArrayList<>();
        for (int data = 1; data <= width; data++) {
            for (int pipeline = 1;
                    width % data == 0 && pipeline <= config.model().layers();
                    pipeline++) {
                layouts.add(config.withLayout(data, pipeline));
            }
        }
        layouts.sort(Comparator.comparingInt(
                        (TrainConfig each) -> each.layout().grid().worldSize())
                .thenComparing(each -> -each.layout().data()));
        return layouts.stream()
                .filter(each -> endsFit(each, schedule, fits))
                .map(each -> of(each, dtype, schedule))
                .filter(fits)
                .findFirst();
    }

    /** Whether one rank of the first stage, which has most micro-batches in flight, and one of the last, which has the logits, fit. */
    private boolean endsFit(TrainConfig other, Schedule schedule, Predicate<RunPlan> fits) {
        ParallelLayout layout = other.layout().grid();
        return IntStream.of(0, layout.worldSize() - 1)
                .mapToObj(rank -> StageNeeds.of(other, dtype, schedule, layout, rank))
                .allMatch(needs -> fits.test(new RunPlan(other, dtype, List.of(needs))));
    }
}
