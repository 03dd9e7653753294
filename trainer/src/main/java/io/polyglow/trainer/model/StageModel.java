package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The part of a transformer that one pipeline stage computes, with all memory allocated at construction: explicit layers, no tape. A micro-batch of B sequences of
 * T tokens lives in a slot from its forward to its backward pass; as many slots as the schedule keeps in flight.
 *
 * <p>One micro-batch on the whole model:
 *
 * <pre>{@code
 * model.setTokens(slot, tokens);          // first stage        others: fill input(slot)
 * model.setTargets(slot, targets);        // last stage
 * model.setFirstKeys(slot, firstKeys);    // every stage, where sequences hold several documents
 * model.forward(slot);                    //                    not last: hand on output(slot)
 * model.backward(slot, gradients, scale); // not last: fill streamGradient() before; not first: hand it on after
 * double loss = model.lossSum(slot);      // last stage
 * }</pre>
 *
 * The kernel calls of a micro-batch depend on the config alone, so cutting the model into stages changes no bit. Steps allocate next to nothing on the heap. Used from one
 * thread.
 */
public final class StageModel implements AutoCloseable {
    private final Engine engine;
    private final Kernels kernels;
    private final StagePlan plan;
    private final int T;
    private final AttentionMasks masks;
    private final ParameterSet parameters;
    private final Workspace workspace;
    private final Activations[] slots;
    private final Scratch scratch;
    private final @Nullable Embedding embedding;
    private final Block[] blocks;
    private final long[] firstOfBlock;
    private final long firstOfHead;
    private final @Nullable Loss loss;
    private final Head.ChunksOfBatch[] chunks;
    private final UnsafeBuffer idBytes;
    private final UnsafeBuffer lossBytes;

    /** The head of the last stage with its memory. */
    private record Loss(Head head, Head.Rows rows) {}

    /** As below, with all activations kept. */
    public StageModel(
            Engine engine, ModelConfig config, StagePlan plan, DType compute, int microBatch, int time, int slots) {
        this(engine, config, plan, compute, microBatch, time, slots, Recompute.NONE);
    }

    /** Allocates weights (zero; see {@link ParameterSet#initialise}), activations and scratch. */
    public StageModel(
            Engine engine,
            ModelConfig config,
            StagePlan plan,
            DType compute,
            int microBatch,
            int time,
            int slots,
            Recompute recompute) {
        if (time > config.context()) {
            throw new IllegalArgumentException(
                    "sequences of " + time + " tokens exceed the context of " + config.context());
        }
        this.engine = engine;
        this.kernels = engine.kernels();
        this.plan = plan;
        this.T = time;
        Precision precision = Precision.of(compute);
        Workspace measure = Workspace.measuring();
        new Buffers(measure, config, plan, precision, microBatch, time, slots, recompute);
        workspace = Workspace.allocating(engine, measure.plan());
        Buffers buffers = new Buffers(workspace, config, plan, precision, microBatch, time, slots, recompute);
        this.slots = buffers.slots;
        scratch = buffers.scratch;
        parameters = new ParameterSet(engine, new ParameterLayout(config, plan), precision);
        embedding = plan.embedding() ? new Embedding(kernels, parameters) : null;
        blocks = new Block[plan.layers()];
        firstOfBlock = new long[plan.layers()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new Block(kernels, config, parameters, plan.firstLayer() + i);
            firstOfBlock[i] = parameters.layout().firstOfLayer(plan.firstLayer() + i);
        }
        firstOfHead = parameters.layout().firstOfHead();
        loss = buffers.rows == null ? null : new Loss(new Head(kernels, config, parameters), buffers.rows);
        chunks = buffers.chunks;
        idBytes = new UnsafeBuffer(new byte[microBatch * time * DType.I32.bytes()]);
        masks = new AttentionMasks(time, config.windowOfAttention(), slots);
        for (int slot = 0; slot < slots; slot++) {
            setFirstKeys(slot, null);
        }
        lossBytes = new UnsafeBuffer(
                new byte[microBatch * time * precision.residual().bytes()]);
    }

    /** What a stage with this many gradient sets will allocate, before anything is. */
    public static MemoryPlan plan(
            ModelConfig config,
            StagePlan plan,
            DType compute,
            int microBatch,
            int time,
            int slots,
            Recompute recompute,
            int gradientSets) {
        Precision precision = Precision.of(compute);
        ParameterLayout layout = new ParameterLayout(config, plan);
        MemoryPlan memory = ParameterSet.plan(layout, precision);
        for (int i = 0; i < gradientSets; i++) {
            memory.add(GradientSet.plan(layout, precision));
        }
        Workspace measure = Workspace.measuring();
        new Buffers(measure, config, plan, precision, microBatch, time, slots, recompute);
        return memory.add(measure.plan());
    }

    /** Everything but parameters, so that planning and allocating run the same code. */
    private static final class Buffers {
        final Activations[] slots;
        final Scratch scratch;
        final Head.@Nullable Rows rows;
        final Head.ChunksOfBatch[] chunks;

        Buffers(
                Workspace w,
                ModelConfig config,
                StagePlan plan,
                Precision precision,
                int B,
                int T,
                int count,
                Recompute recompute) {
            Activations.Shared shared = new Activations.Shared(recompute);
            slots = new Activations[count];
            chunks = new Head.ChunksOfBatch[count];
            for (int i = 0; i < count; i++) {
                slots[i] = new Activations(w, config, precision, plan.layers(), B, T, shared);
                chunks[i] = new Head.ChunksOfBatch(slots[i], config);
            }
            scratch = new Scratch(w, config, precision, B, T);
            rows = plan.head() ? new Head.Rows(w, config, precision, scratch) : null;
        }
    }

    /** Which part this is. */
    public StagePlan plan() {
        return plan;
    }

    /** The weights. */
    public ParameterSet parameters() {
        return parameters;
    }

    /** A zeroed gradient that fits this stage; the caller closes it. */
    public GradientSet newGradients() {
        return new GradientSet(engine, parameters.layout(), parameters.precision());
    }

    /** Sets the B*T input tokens of a slot, sequence by sequence; each in [0, vocabulary). Needed on the first stage. */
    public void setTokens(int slot, int[] tokens) {
        write(slots[slot].tokens, tokens);
    }

    /** Sets the B*T target tokens; -1 is no target: no loss and no gradient. Needed on the last stage. */
    public void setTargets(int slot, int[] targets) {
        write(slots[slot].targets, targets);
    }

    /**
     * Sets which keys the B*T rows of a slot see: row t of a sequence its rows {@code firstKeys[t] ... t}, counted within the sequence, with {@code 0 <= firstKeys[t] <= t}
     * and never decreasing within a sequence; for documents packed into a sequence that is the row at which the token's document begins. Null, with which every slot
     * begins, is plainly causal. {@code model.attention-window} narrows either. Every stage needs the same; it holds until it is set anew.
     */
    public void setFirstKeys(int slot, int @Nullable [] firstKeys) {
        int[] seen = masks.set(slot, firstKeys, (int) slots[slot].firstKeys.size());
        if (seen != null) {
            write(slots[slot].firstKeys, seen);
        }
    }

    private @Nullable Tensor firstKeys(int slot) {
        return masks.plain(slot) ? null : slots[slot].firstKeys;
    }

    private void write(Tensor destination, int[] ids) {
        if (ids.length != destination.size()) {
            throw new IllegalArgumentException(ids.length + " ids for " + destination);
        }
        for (int i = 0; i < ids.length; i++) {
            idBytes.putInt(i * DType.I32.bytes(), ids[i], ByteOrder.LITTLE_ENDIAN);
        }
        engine.write(destination, idBytes, 0);
    }

    /** The residual stream {@code [B*T, C]} into the stage: filled by the previous stage's output, on the first by the embedding. */
    public Tensor input(int slot) {
        return slots[slot].input;
    }

    /** The residual stream {@code [B*T, C]} out of the stage, after {@link #forward}. */
    public Tensor output(int slot) {
        return slots[slot].output();
    }

    /**
     * The gradient of the residual stream {@code [B*T, C]}, one for all slots: before {@link #backward} that of the output (from the next stage; the last stage
     * makes its own), after it that of the input (for the previous stage).
     */
    public Tensor streamGradient() {
        return scratch.dStream;
    }

    /** Tokens or input to output. The last stage computes the loss in {@link #backward} or {@link #evaluate}. */
    public void forward(int slot) {
        Pass pass = new Pass(this, slot, masks.plain(slot), null, false, 0, blocks.length);
        engine.repeat(pass, () -> throughBlocks(slot));
    }

    private void throughBlocks(int slot) {
        Activations a = slots[slot];
        if (embedding != null) {
            embedding.forward(a.input, a.tokens, T, 0);
        }
        for (int i = 0; i < blocks.length; i++) {
            blocks[i].forward(a.blocks[i], firstKeys(slot));
        }
    }

    /** What decides the kernel calls of a pass through blocks {@code [from, to)}; a backward one has gradients. The head, whose scale changes, is not part of it. */
    private record Pass(
            StageModel model,
            int slot,
            boolean plain,
            @Nullable GradientSet gradients,
            boolean accumulates,
            int from,
            int to) {}

    /**
     * Accumulates into {@code gradients} those of {@code gradScale} times the sum of the losses of the slot's rows. The scale enters at the head; other
     * stages take what comes to {@link #streamGradient}.
     */
    public void backward(int slot, GradientSet gradients, double gradScale) {
        fromLoss(slot, gradients, gradScale);
        backward(slot, gradients, 0, blocks.length);
        gradients.passed();
    }

    /** The same kernel calls, which tell {@code progress} after head and blocks what they have finished. */
    public void backward(int slot, GradientSet gradients, double gradScale, BackwardProgress progress) {
        fromLoss(slot, gradients, gradScale);
        progress.finished(firstOfHead);
        for (int i = blocks.length - 1; i >= 0; i--) {
            backward(slot, gradients, i, i + 1);
            progress.finished(i == 0 ? 0 : firstOfBlock[i]);
        }
        gradients.passed();
    }

    private void fromLoss(int slot, GradientSet gradients, double gradScale) {
        if (loss != null) {
            loss.head.lossAndGradient(slots[slot], loss.rows, chunks[slot], scratch, gradients, gradScale);
        }
    }

    private void backward(int slot, GradientSet gradients, int from, int to) {
        Pass pass = new Pass(this, slot, masks.plain(slot), gradients, gradients.accumulates(), from, to);
        engine.repeat(pass, () -> backThroughBlocks(slot, gradients, from, to));
    }

    private void backThroughBlocks(int slot, GradientSet gradients, int from, int to) {
        Activations a = slots[slot];
        if (loss == null && to == blocks.length) {
            scratch.received(kernels);
        }
        for (int i = to - 1; i >= from; i--) {
            blocks[i].backward(a.blocks[i], firstKeys(slot), scratch, gradients);
        }
        if (embedding != null && from == 0) {
            embedding.backward(gradients, a.tokens, scratch.dStream, T);
        }
    }

    /** Forward, and on the last stage the loss, without any gradient. */
    public void evaluate(int slot) {
        forward(slot);
        if (loss != null) {
            loss.head.loss(slots[slot], loss.rows, chunks[slot]);
        }
    }

    /** Sum of the row losses in row order, in double, after {@link #backward} or {@link #evaluate} on the last stage. */
    public double lossSum(int slot) {
        double sum = 0;
        Tensor rows = slots[slot].loss;
        engine.read(rows, lossBytes, 0);
        for (int n = 0; n < rows.size(); n++) {
            sum += rowLoss(n);
        }
        return sum;
    }

    /** The row losses themselves, for sums by sequence or language: fills {@code out[B*T]}. */
    public void losses(int slot, double[] out) {
        engine.read(slots[slot].loss, lossBytes, 0);
        for (int n = 0; n < out.length; n++) {
            out[n] = rowLoss(n);
        }
    }

    private double rowLoss(int n) {
        return parameters.precision().residual() == DType.F64
                ? lossBytes.getDouble(n * DType.F64.bytes(), ByteOrder.LITTLE_ENDIAN)
                : lossBytes.getFloat(n * DType.F32.bytes(), ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        parameters.close();
        workspace.close();
    }
}
