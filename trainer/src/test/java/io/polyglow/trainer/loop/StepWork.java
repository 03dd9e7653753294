package io.polyglow.trainer.loop;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.AdamWTensors;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.WatchedEngine;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

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
                bytes += bytes(argument);
            }
        }

        private static long bytes(Object argument) {
            if (argument instanceof List<?> all) {
                return all.stream().mapToLong(Counts::bytes).sum();
            }
            if (argument instanceof AdamWTensors all) {
                return Stream.of(all.w(), all.m(), all.v(), all.g(), all.copy())
                        .filter(Objects::nonNull)
                        .mapToLong(Tensor::bytes)
                        .sum();
            }
            return argument instanceof Tensor tensor ? tensor.bytes() : 0;
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
