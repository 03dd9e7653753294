package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Tensors from one arena per purpose. The same code asks twice: first a {@link #measuring} workspace, whose tensors have no memory and only add up to a
 * {@link MemoryPlan}, then one of exactly that size.
 */
final class Workspace implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    private final Function<String, Arena> open;
    private final Map<String, Arena> arenas = new LinkedHashMap<>();
    private final Map<String, Long> used = new HashMap<>();

    private Workspace(Function<String, Arena> open) {
        this.open = open;
    }

    static Workspace measuring() {
        return new Workspace(Unbacked::new);
    }

    /** Allocates what the plan says when it is first asked for. */
    static Workspace allocating(Engine engine, MemoryPlan plan) {
        return new Workspace(purpose -> engine.allocate(purpose, plan.bytes(purpose)));
    }

    Tensor tensor(String purpose, DType dtype, long... dims) {
        Arena arena = arenas.computeIfAbsent(purpose, open);
        long offset = used.getOrDefault(purpose, 0L);
        Tensor tensor = new Tensor(arena, offset, dtype, dims);
        used.put(purpose, offset + (tensor.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        return tensor;
    }

    /** The next tensors of this purpose share the memory of the earlier ones. */
    void rewind(String purpose) {
        used.put(purpose, 0L);
    }

    MemoryPlan plan() {
        MemoryPlan plan = new MemoryPlan();
        for (String purpose : arenas.keySet()) {
            plan.add(purpose, used.getOrDefault(purpose, 0L));
        }
        return plan;
    }

    @Override
    public void close() {
        arenas.values().forEach(Arena::close);
    }

    /** Room without memory. */
    private record Unbacked(String purpose) implements Arena {
        @Override
        public long bytes() {
            return Long.MAX_VALUE;
        }

        @Override
        public void close() {}
    }
}
