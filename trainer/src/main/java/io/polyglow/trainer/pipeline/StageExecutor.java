package io.polyglow.trainer.pipeline;

import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.data.MicroBatchReader;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.BackwardProgress;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.optim.LaneSums;
import io.polyglow.trainer.optim.StepTotals;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Runs passes of micro-batches through this rank's stage: takes what the neighbour stages send, computes, hands on. The only executor of
 * {@link Schedule} actions.
 */
public final class StageExecutor {
    private final Engine engine;
    private final RankLinks links;
    private final StageModel model;
    private final List<Schedule.Action> actions;
    private final int slots;
    private final MicroBatchReader reader;
    private final UnsafeBuffer message;

    /**
     * An executor of {@code actions}, which keep at most {@code slots} micro-batches in flight; the model has as many slots. {@code reader} reads
     * micro-batches of the model's size.
     */
    public StageExecutor(
            Engine engine,
            RankLinks links,
            StageModel model,
            List<Schedule.Action> actions,
            int slots,
            MicroBatchReader reader) {
        this.engine = engine;
        this.links = links;
        this.model = model;
        this.actions = List.copyOf(actions);
        this.slots = slots;
        this.reader = reader;
        boolean alone = links.previous() == null && links.next() == null;
        this.message = new UnsafeBuffer(ByteBuffer.allocateDirect(
                alone ? 0 : Math.toIntExact(model.streamGradient().bytes())));
    }

    /**
     * Forward and backward of this replica's micro-batches: the first begins with sample {@code firstSample}. Gradients go to the lanes'
     * buffers, losses to the totals; {@code progress}, where somebody waits for it, hears which sums over all micro-batches are final.
     */
    public void accumulate(
            DataOrder order,
            long firstSample,
            int sequences,
            double gradScale,
            LaneSums lanes,
            StepTotals totals,
            @Nullable BackwardProgress progress) {
        lanes.reset();
        for (Schedule.Action action : actions) {
            int microBatch = action.microBatch();
            int slot = microBatch % slots;
            if (action.pass() == Schedule.Pass.FORWARD) {
                load(order, firstSample + (long) microBatch * sequences, slot);
                receive(links.previous(), model.input(slot));
                model.forward(slot);
                send(links.next(), model.output(slot));
            } else {
                receive(links.next(), model.streamGradient());
                backward(slot, gradScale, lanes, progress);
                send(links.previous(), model.streamGradient());
                if (model.plan().head()) {
                    totals.putLoss(microBatch, model.lossSum(slot));
                }
            }
        }
    }

    private void backward(int slot, double gradScale, LaneSums lanes, @Nullable BackwardProgress progress) {
        GradientSet sum = lanes.begin();
        if (progress != null && lanes.isLast()) {
            model.backward(slot, sum, gradScale, from -> {
                lanes.finished(from);
                progress.finished(from);
            });
        } else {
            model.backward(slot, sum, gradScale);
        }
        lanes.end();
    }

    private void load(DataOrder order, long firstSample, int slot) {
        if (needsSamples()) {
            reader.read(order, firstSample);
            setIds(slot);
        }
    }

    /** Inner stages of a pipeline need them for the masks alone. */
    private boolean needsSamples() {
        return model.plan().embedding() || model.plan().head() || reader.firstKeys() != null;
    }

    /** Forward and loss of held-out windows {@code [first, first + count)}; row losses are then in the model's slot 0. */
    public void evaluate(long first, int count) {
        if (needsSamples()) {
            reader.readHeldOut(first, count);
            setIds(0);
        }
        receive(links.previous(), model.input(0));
        model.evaluate(0);
        send(links.next(), model.output(0));
    }

    private void setIds(int slot) {
        if (model.plan().embedding()) {
            model.setTokens(slot, reader.inputs());
        }
        if (model.plan().head()) {
            model.setTargets(slot, reader.targets());
        }
        if (reader.firstKeys() != null) {
            model.setFirstKeys(slot, reader.firstKeys());
        }
    }

    private void receive(@Nullable StageLink link, Tensor into) {
        if (link != null) {
            link.receive(message, (int) into.bytes());
            engine.write(into, message, 0);
        }
    }

    private void send(@Nullable StageLink link, Tensor from) {
        if (link != null) {
            engine.read(from, message, 0);
            link.send(message, (int) from.bytes());
        }
    }
}
