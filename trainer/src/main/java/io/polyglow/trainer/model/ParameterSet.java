package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ParameterLayout.Operand;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a stage: one flat buffer of master weights in the residual dtype (f32), laid out by {@link ParameterLayout}, and, when the compute dtype
 * is another, a copy of it in that dtype.
 *
 * <p>Who changes master weights (initialisation, a checkpoint, the optimizer, the owner of a borrowed table) sees to it that the copy is made before the next forward pass. Where replicas
 * update parts of the weights, the master weights of other replicas' slices may be older than the copies: see {@code StageOptimizer.publish}. Not safe for use by several threads.
 */
public final class ParameterSet implements AutoCloseable {
    private final Engine engine;
    private final ParameterLayout layout;
    private final Precision precision;
    private final Arena masterArena;
    private final @Nullable Arena computeArena;
    private final Tensor master;
    private final Tensor compute;
    private final Tensor[] parameters;
    private final Tensor[] masterOperands;
    private final Tensor[] computeOperands;

    /** Allocates zeroed weights. */
    public ParameterSet(Engine engine, ParameterLayout layout, Precision precision) {
        this.engine = engine;
        this.layout = layout;
        this.precision = precision;
        long size = layout.parameterSize();
        masterArena = engine.allocate("weights", size * precision.residual().bytes());
        master = new Tensor(masterArena, 0, precision.residual(), size);
        computeArena = precision.mixed()
                ? engine.allocate("weights", size * precision.compute().bytes())
                : null;
        compute = computeArena == null ? master : new Tensor(computeArena, 0, precision.compute(), size);
        parameters = new Tensor[layout.owned().size()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = view(master, layout.owned().get(i));
        }
        masterOperands = operands(master, layout.operands());
        computeOperands = operands(compute, layout.operands());
    }

    static MemoryPlan plan(ParameterLayout layout, Precision precision) {
        int copies = precision.mixed() ? precision.compute().bytes() : 0;
        return new MemoryPlan()
                .add("weights", layout.parameterSize() * (precision.residual().bytes() + copies));
    }

    static Tensor view(Tensor flat, Placed placed) {
        return view(flat, placed.offset(), placed.spec().shape());
    }

    private static Tensor[] operands(Tensor flat, List<Operand> operands) {
        Tensor[] views = new Tensor[operands.size()];
        for (int i = 0; i < views.length; i++) {
            views[i] = view(
                    flat, operands.get(i).parameterOffset(), operands.get(i).shape());
        }
        return views;
    }

    static Tensor view(Tensor flat, long offset, List<Long> shape) {
        long[] dims = shape.stream().mapToLong(Long::longValue).toArray();
        return flat.slice(offset, Arrays.stream(dims).reduce(1, Math::multiplyExact))
                .reshape(dims);
    }

    /** Where everything lies. */
    public ParameterLayout layout() {
        return layout;
    }

    /** The dtypes. */
    public Precision precision() {
        return precision;
    }

    /** All master weights, flat. */
    public Tensor flat() {
        return master;
    }

    /** Master weights of owned parameter {@code index}, in its own shape. */
    public Tensor parameter(int index) {
        return parameters[index];
    }

    /** Master weights of the borrowed token table, or null where there is none. */
    public @Nullable Tensor borrowed() {
        Placed borrowed = layout.borrowed();
        return borrowed == null ? null : view(master, borrowed);
    }

    /** The copy of {@link #parameter} in the compute dtype, or null where that is the dtype of master weights. */
    public @Nullable Tensor computeCopy(int index) {
        return computeArena == null ? null : view(compute, layout.owned().get(index));
    }

    /** What kernels read of an owned parameter: of a weight of a linear layer the copy in the compute dtype, of others the master weights (of the token table perhaps the copy too). */
    public Tensor used(int index) {
        Placed placed = layout.owned().get(index);
        return view(placed.spec().role().isWeightOfLinear() ? compute : master, placed);
    }

    /** Casts the borrowed token table, if there is one and the compute dtype is another. */
    public void refreshBorrowedCopy() {
        refreshCopy(layout.borrowed());
    }

    /** Casts those of which kernels use the master weights, and the borrowed token table. */
    public void refreshCopiesOfUsedMasters() {
        for (Placed placed : layout.owned()) {
            if (!placed.spec().role().isWeightOfLinear()) {
                refreshCopy(placed);
            }
        }
        refreshBorrowedCopy();
    }

    private void refreshCopy(@Nullable Placed placed) {
        if (placed != null && computeArena != null) {
            engine.kernels().copy(view(compute, placed), view(master, placed));
        }
    }

    Tensor master(int operand) {
        return masterOperands[operand];
    }

    Tensor compute(int operand) {
        return computeOperands[operand];
    }

    /** The copies of all weights in the compute dtype, flat, or null where that is the dtype of master weights. */
    public @Nullable Tensor computeCopies() {
        return computeArena == null ? null : compute;
    }

    /** Casts all master weights, which must be up to date, to the compute dtype; does nothing when it is the same. */
    public void refreshComputeCopies() {
        if (precision.mixed()) {
            engine.kernels().copy(compute, master);
        }
    }

    /**
     * Draws the initial weights, each parameter from its own stream {@code init/NAME}, so that they depend on the seed and not on the layout; a borrowed
     * table equals the owned one. Refreshes the compute copies.
     */
    public void initialise(long seed) {
        InitialWeights weights = new InitialWeights(engine, seed);
        for (int i = 0; i < parameters.length; i++) {
            weights.draw(layout.owned().get(i).spec(), parameters[i]);
        }
        Tensor borrowed = borrowed();
        Placed placed = layout.borrowed();
        if (borrowed != null && placed != null) {
            weights.draw(placed.spec(), borrowed);
        }
        refreshComputeCopies();
    }

    @Override
    public void close() {
        masterArena.close();
        if (computeArena != null) {
            computeArena.close();
        }
    }
}
