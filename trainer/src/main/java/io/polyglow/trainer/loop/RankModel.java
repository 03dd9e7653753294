package io.polyglow.trainer.loop;

import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.trainer.checkpoint.RankState;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.data.MicroBatchReader;
import io.polyglow.trainer.eval.Evaluation;
import io.polyglow.trainer.eval.HeldOutSet;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterLayout;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.optim.LaneSums;
import io.polyglow.trainer.optim.ModelShards;
import io.polyglow.trainer.optim.StageOptimizer;
import io.polyglow.trainer.optim.StepTotals;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.pipeline.StageExecutor;
import io.polyglow.trainer.plan.StageNeeds;
import io.polyglow.trainer.tensor.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one rank allocates for training, all of it before the first step, and how the pieces hang together. */
final class RankModel implements AutoCloseable {
    private final RankLinks links;
    final DataOrder order;
    final StageModel stage;
    final List<GradientSet> gradients = new ArrayList<>();
    final StageOptimizer optimizer;
    final TrainStep step;
    final @Nullable Evaluation evaluation;
    final String memory;

    RankModel(RankContext context, TrainConfig config, DType dtype) throws IOException {
        this.links = context.links();
        Engine engine = context.engine();
        ModelConfig model = config.model();
        int microBatches = config.batch().microBatches();
        int ofReplica = microBatches / links.layout().data();
        int stages = links.layout().pipeline();
        Schedule schedule = context.schedule();
        int slots = schedule.inFlight(links.stage(), stages, ofReplica);
        SumTree tree =
                new SumTree(config.batch().canonicalWidth(), links.layout().data());
        int buffers = LaneSums.buffers(tree, links.replica());
        StagePlan plan = StagePlan.of(model, links.stage(), stages);
        int B = config.batch().micro();
        int T = model.context();

        TokenDataset corpus = context.corpus();
        TokenSplit train = corpus.split(TokenDataset.TRAIN);
        order = DataOrder.of(
                corpus.manifest().fingerprint(),
                config.seed(),
                train.index(),
                T,
                config.batch().packing(),
                config.batch().documentMask());
        ModelShards shards = new ModelShards(model, links.layout());
        stage = new StageModel(engine, model, plan, dtype, B, T, slots, config.recompute());
        for (int i = 0; i < buffers; i++) {
            gradients.add(stage.newGradients());
        }
        List<GradientSet> nodes =
                gradients.subList(0, tree.nodesOf(links.replica()).size());
        boolean zero = config.layout().zero() == 1;
        optimizer = new StageOptimizer(
                engine, links, tree, shards, config.optimizer().adamW(), zero, stage.parameters(), nodes);
        memory = memory(StageNeeds.of(config, dtype, schedule, links.layout(), links.rank()));
        int perLane = microBatches / config.batch().canonicalWidth();
        LaneSums lanes = new LaneSums(engine.kernels(), tree, links.replica(), perLane, gradients);
        StepTotals totals = new StepTotals(shards, ParameterTable.of(model), microBatches, links.world());
        List<Schedule.Action> actions = schedule.actions(links.stage(), stages, ofReplica);
        StageExecutor executor = new StageExecutor(
                engine,
                links,
                stage,
                actions,
                slots,
                new MicroBatchReader(train, B, T, config.batch().documentMask()));
        step = new TrainStep(config, links, order, executor, lanes, totals, optimizer);
        evaluation = config.evaluate().every() == 0 ? null : evaluation(context, config, B, T);
    }

    /** With what only the engines know: whether replicas meet past the host. */
    private String memory(StageNeeds needs) {
        long direct = optimizer.exchangeBytes();
        MemoryPlan plan = needs.memory();
        return (direct == 0 ? plan : plan.add("exchange", direct)).toString();
    }

    private Evaluation evaluation(RankContext context, TrainConfig config, int B, int T) throws IOException {
        TokenSplit split = context.corpus().split(TokenDataset.VALIDATION);
        HeldOutSet set = new HeldOutSet(
                split.index(), config.evaluate().sequences(), T, config.batch().documentMask());
        StageExecutor executor = new StageExecutor(
                context.engine(),
                links,
                stage,
                List.of(),
                1,
                new MicroBatchReader(split, B, T, config.batch().documentMask()));
        return new Evaluation(links, stage, executor, set, B, T);
    }

    /** What this rank saves: whole parameters, dealt evenly to the replicas of the stage, and its slices of moments. */
    RankState state() {
        ParameterLayout layout = stage.parameters().layout();
        List<RankState.Weight> weights = new ArrayList<>();
        for (int i : layout.dealt(links.replica(), links.layout().data())) {
            weights.add(new RankState.Weight(
                    layout.owned().get(i).spec().name(), stage.parameters().parameter(i)));
        }
        return new RankState(weights, optimizer.slices());
    }

    @Override
    public void close() {
        optimizer.close();
        gradients.forEach(GradientSet::close);
        stage.close();
    }
}
