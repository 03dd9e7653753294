package io.polyglow.trainer.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the parameters of a stage and their gradients lie in flat buffers, counted in elements; a pure function of config and plan.
 *
 * <pre>
 *   parameters: | owned parameters, in the order of the table | borrowed token table |
 *   gradients:  | owned parameters, in the same places        | head use             |
 * </pre>
 *
 * In a tied model the head reads the token table. The last stage of several does not own it and borrows a copy; on every last stage of a tied model the
 * gradient of the head's use has a place of its own, because each use of a shared parameter is summed over the batch by itself: the gradient of the token table is
 * embedding use plus head use, added in this order after both sums, whether the uses are on one stage or on two.
 */
public final class ParameterLayout {
    /** Operands start on multiples of this: 64 bytes of bfloat16. */
    private static final int ALIGNMENT = 32;

    /** A parameter and the place of its first element. */
    public record Placed(ParameterSpec spec, long offset) {}

    /** What a kernel reads as one matrix or vector: one parameter, or consecutive ones stacked along their first dim. */
    record Operand(Role role, int layer, List<Long> shape, long parameterOffset, long gradientOffset) {
        Operand stack(ParameterSpec next) {
            List<Long> stacked = new ArrayList<>(shape);
            stacked.set(0, shape.get(0) + next.shape().get(0));
            return new Operand(role, layer, stacked, parameterOffset, gradientOffset);
        }

        boolean stacks(ParameterSpec next) {
            return role == next.role() && layer == next.layer();
        }
    }

    private final List<Placed> owned = new ArrayList<>();
    private final List<Operand> operands = new ArrayList<>();
    private final @Nullable Placed borrowed;
    private final @Nullable Placed headUse;
    private final long ownedSize;
    private final long parameterSize;
    private final long gradientSize;

    /** Lays out a stage. */
    public ParameterLayout(ModelConfig config, StagePlan plan) {
        long end = 0;
        for (ParameterSpec spec : ParameterTable.of(config)) {
            if (isOn(plan, spec)) {
                end = place(spec, end);
            }
        }
        ownedSize = align(end);
        ParameterSpec tokenTable = ParameterTable.of(config).get(0);
        boolean tiedHead = plan.head() && config.tied();
        borrowed = tiedHead && !plan.embedding() ? new Placed(tokenTable, ownedSize) : null;
        headUse = tiedHead ? new Placed(tokenTable, ownedSize) : null;
        parameterSize = ownedSize + (borrowed == null ? 0 : tokenTable.size());
        gradientSize = ownedSize + (headUse == null ? 0 : tokenTable.size());
        if (headUse != null) {
            long value = borrowed == null ? owned.get(0).offset() : borrowed.offset();
            operands.add(
                    new Operand(Role.HEAD_WEIGHT, ParameterSpec.NO_LAYER, tokenTable.shape(), value, headUse.offset()));
        }
    }

    private static boolean isOn(StagePlan plan, ParameterSpec spec) {
        return switch (spec.role()) {
            case TOKEN_TABLE, POSITION_TABLE -> plan.embedding();
            case FINAL_NORM_GAMMA, FINAL_NORM_BETA, HEAD_WEIGHT -> plan.head();
            default -> spec.layer() >= plan.firstLayer() && spec.layer() < plan.endLayer();
        };
    }

    private long place(ParameterSpec spec, long end) {
        Operand last = operands.isEmpty() ? null : operands.get(operands.size() - 1);
        if (last != null && last.stacks(spec)) {
            operands.set(operands.size() - 1, last.stack(spec));
            owned.add(new Placed(spec, end));
            return end + spec.size();
        }
        long offset = align(end);
        operands.add(new Operand(spec.role(), spec.layer(), spec.shape(), offset, offset));
        owned.add(new Placed(spec, offset));
        return offset + spec.size();
    }

    private static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The parameters this stage owns, in the order of the table: places in both buffers. */
    public List<Placed> owned() {
        return List.copyOf(owned);
    }

    /** Where the gradients of a layer begin: those of later layers and of the head come after them, all others before. */
    long firstOfLayer(int layer) {
        return owned.stream()
                .filter(each -> each.spec().layer() == layer)
                .mapToLong(Placed::offset)
                .min()
                .orElseThrow();
    }

    /** Where the gradients of the head begin: they are last. */
    long firstOfHead() {
        return owned.stream()
                .filter(each -> each.spec().role() == Role.FINAL_NORM_GAMMA)
                .mapToLong(Placed::offset)
                .min()
                .orElse(gradientSize);
    }

    /** Which owned parameters this replica saves: consecutive ones, dealt so that every replica has about as many elements. */
    public List<Integer> dealt(int replica, int replicas) {
        long total = owned.stream().mapToLong(each -> each.spec().size()).sum();
        List<Integer> mine = new ArrayList<>();
        long before = 0;
        for (int i = 0; i < owned.size(); i++) {
            if (before * replicas / total == replica) {
                mine.add(i);
            }
            before += owned.get(i).spec().size();
        }
        return mine;
    }

    /** The token table on a last stage that does not own it: place in the parameter buffer. */
    public @Nullable Placed borrowed() {
        return borrowed;
    }

    /** The head's use of the token table, on the last stage of a tied model: place in the gradient buffer. */
    public @Nullable Placed headUse() {
        return headUse;
    }

    /** Elements up to the end of the owned parameters, the same in both buffers; gaps between parameters are always zero. */
    public long ownedSize() {
        return ownedSize;
    }

    /** Elements of the parameter buffer. */
    public long parameterSize() {
        return parameterSize;
    }

    /** Elements of the gradient buffer. */
    public long gradientSize() {
        return gradientSize;
    }

    List<Operand> operands() {
        return operands;
    }

    /** The index of an operand, or -1 when the model has none such. */
    int find(Role role, int layer) {
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i).role() == role && operands.get(i).layer() == layer) {
                return i;
            }
        }
        return -1;
    }
}
