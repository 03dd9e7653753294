package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ParameterLayout.Operand;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One gradient of a stage: a flat buffer in the residual dtype (f32), laid out by {@link ParameterLayout}. A run holds one per node of the sum tree that
 * it keeps. Backward passes accumulate; {@link #begin} starts a new sum, whose first pass writes the gradients of linear layers, so that they need not be zero before it. Sums over ranks run over {@link #flat}, which includes the head use; only after
 * them is the head use added to the token table's gradient ({@code Kernels.add}).
 */
public final class GradientSet implements AutoCloseable {
    private final Engine engine;
    private final ParameterLayout layout;
    private final Arena arena;
    private final Tensor flat;
    private final Tensor[] gradients;
    private final Tensor[] operands;
    private final List<Tensor> onlyAddedTo;
    private final @Nullable Tensor headUse;
    private boolean accumulates;

    /** Allocates a zeroed gradient. */
    public GradientSet(Engine engine, ParameterLayout layout, Precision precision) {
        this.engine = engine;
        this.layout = layout;
        arena = engine.allocate(
                "gradients", layout.gradientSize() * precision.residual().bytes());
        flat = new Tensor(arena, 0, precision.residual(), layout.gradientSize());
        gradients = new Tensor[layout.owned().size()];
        for (int i = 0; i < gradients.length; i++) {
            gradients[i] = ParameterSet.view(flat, layout.owned().get(i));
        }
        List<Operand> all = layout.operands();
        operands = new Tensor[all.size()];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = ParameterSet.view(
                    flat, all.get(i).gradientOffset(), all.get(i).shape());
        }
        onlyAddedTo = onlyAddedTo(flat, all);
        Placed placed = layout.headUse();
        headUse = placed == null ? null : ParameterSet.view(flat, placed);
    }

    /** Runs of the flat buffer without gradients of linear layers; the gaps between parameters may be part of them, because they are always zero. */
    private static List<Tensor> onlyAddedTo(Tensor flat, List<Operand> operands) {
        List<Tensor> runs = new ArrayList<>();
        long from = -1;
        for (Operand operand : operands) {
            boolean added = !operand.role().isOfLinear();
            if (added && from < 0) {
                from = operand.gradientOffset();
            } else if (!added && from >= 0) {
                runs.add(flat.slice(from, operand.gradientOffset() - from));
                from = -1;
            }
        }
        if (from >= 0) {
            runs.add(flat.slice(from, flat.size() - from));
        }
        return runs;
    }

    static MemoryPlan plan(ParameterLayout layout, Precision precision) {
        return new MemoryPlan()
                .add("gradients", layout.gradientSize() * precision.residual().bytes());
    }

    /** Where everything lies. */
    public ParameterLayout layout() {
        return layout;
    }

    /** The whole buffer: owned parameters, then the head use. */
    public Tensor flat() {
        return flat;
    }

    /** Gradient of owned parameter {@code index} (of a tied token table: its embedding use), in its own shape. */
    public Tensor gradient(int index) {
        return gradients[index];
    }

    /** Gradient of the head's use of a tied token table, or null where there is none. */
    public @Nullable Tensor headUse() {
        return headUse;
    }

    Tensor operand(int index) {
        return operands[index];
    }

    /** Starts a new sum. The old one is gone only after the next backward pass. */
    public void begin() {
        onlyAddedTo.forEach(gradient -> engine.kernels().fill(gradient, 0));
        accumulates = false;
    }

    /** Whether the next backward pass adds to the gradients of linear layers; the first of a sum writes them. */
    boolean accumulates() {
        return accumulates;
    }

    /** A backward pass has gone into the sum. */
    void passed() {
        accumulates = true;
    }

    @Override
    public void close() {
        arena.close();
    }
}
