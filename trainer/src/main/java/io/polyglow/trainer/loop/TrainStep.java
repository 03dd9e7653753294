package io.polyglow.trainer.loop;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.optim.LaneSums;
import io.polyglow.trainer.optim.LearningRate;
import io.polyglow.trainer.optim.StageOptimizer;
import io.polyglow.trainer.optim.StepTotals;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.pipeline.StageExecutor;

/** One optimizer step of one rank, taken by all ranks together; they all return the same numbers. */
final class TrainStep {
    /** Mean loss over the target tokens of the batch before the update, global norm of its gradient, learning rate. */
    record Result(double loss, double gradientNorm, double learningRate) {}

    private final RankLinks links;
    private final DataOrder order;
    private final StageExecutor executor;
    private final LaneSums lanes;
    private final StepTotals totals;
    private final StageOptimizer optimizer;
    private final LearningRate learningRate;
    private final int sequences;
    private final int microBatch;
    private final int firstOfReplica;

    TrainStep(
            TrainConfig config,
            RankLinks links,
            DataOrder order,
            StageExecutor executor,
            LaneSums lanes,
            StepTotals totals,
            StageOptimizer optimizer) {
        this.links = links;
        this.order = order;
        this.executor = executor;
        this.lanes = lanes;
        this.totals = totals;
        this.optimizer = optimizer;
        this.learningRate = config.learningRate();
        this.sequences = config.batch().global();
        this.microBatch = config.batch().micro();
        this.firstOfReplica = sequences / links.layout().data() * links.replica();
    }

    /** Takes step {@code step}, counted from 1. */
    Result run(long step) {
        long firstOfBatch = Math.multiplyExact(step - 1, (long) sequences);
        double gradScale = 1.0 / order.targets(firstOfBatch, sequences);
        double rate = learningRate.at(step);

        long first = firstOfBatch + firstOfReplica;
        executor.accumulate(order, first, microBatch, gradScale, lanes, totals, optimizer.progress());
        optimizer.reduce();
        optimizer.putNorms(totals);
        totals.exchange();
        requireFinite(step);
        double norm = totals.gradientNorm();
        optimizer.update(step, rate, norm);
        optimizer.publish();
        return new Result(totals.lossSum() * gradScale, norm, rate);
    }

    /** Every rank sees the same totals, so all stop in the same step, before the update. */
    private void requireFinite(long step) {
        int microBatchNumber = totals.badMicroBatch();
        if (microBatchNumber != StepTotals.NONE) {
            int replica =
                    microBatchNumber / (sequences / microBatch / links.layout().data());
            throw notFinite(
                    step,
                    "the loss of micro-batch " + microBatchNumber + ", computed by replica " + replica + ", is "
                            + totals.loss(microBatchNumber));
        }
        int block = totals.badBlock();
        if (block != StepTotals.NONE) {
            String parameter = totals.block(block).parameter().name();
            String ranks = optimizer.ranksWithBadGradient(links.world(), totals.block(block));
            throw notFinite(step, "the gradient of " + parameter + " is not finite (" + ranks + ")");
        }
    }

    private static PolyglowException notFinite(long step, String what) {
        return new PolyglowException(
                ErrorKind.NUMERIC,
                "step " + step + ": " + what
                        + "; no rank has applied this step. Begin a new run with a lower optimizer.learning-rate, a longer "
                        + "optimizer.warmup-steps or, in bf16, with dtype: f32, or look for damaged data in this step's samples"
                        + " (polyglow lineage RUN --step " + step + ")");
    }
}
