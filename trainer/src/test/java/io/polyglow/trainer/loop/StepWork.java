package io.polyglow.trainer.loop;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.WatchedEngine;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one training step asks of its engine: calls by kernel, bytes of all tensors that were handed to kernels, each counted once a call, and arenas that were
 * allocated.
 */
public record StepWork(Map<String, Integer> calls, long bytes, int allocations) {
    /** Trains two steps and counts the second; {@code between} runs before it. */
    public static StepWork of(TrainConfig config, Engine engine, Runnable between) throws IOException {
        Counts counts = new Counts();
        Engine watched = WatchedEngine.of(engine, counts::engine, counts::kernel);
        try (RankModel model = TrainLab.model(config, watched, new MemoryStore(), TestCorpus.of(20_000))) {
            model.step.run(1);
            between.run();
            counts.clear();
            model.step.run(2);
            return new StepWork(new TreeMap<>(counts.calls), counts.bytes, counts.allocations);
        }
    }

    private static final class Counts {
        private final Map<String, Integer> calls = new TreeMap<>();
        private long bytes;
        private int allocations;

        void kernel(String name, Object[] arguments) {
            calls.merge(name, 1, Integer::sum);
            for (Object argument : arguments) {
                bytes += argument instanceof Tensor tensor ? tensor.bytes() : 0;
            }
        }

        void engine(String name, Object[] arguments) {
            allocations += name.equals("allocate") ? 1 : 0;
        }

        void clear() {
            calls.clear();
            bytes = 0;
            allocations = 0;
        }
    }
}
