package io.polyglow.trainer.loop;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one training step asks of its engine: calls by kernel, bytes of all tensors that were handed to kernels, each counted once a call, and arenas that were
 * allocated.
 */
public record StepWork(Map<String, Integer> calls, long bytes, int allocations) {
    /** Trains two steps and counts the second; {@code between} runs before it. */
    public static StepWork of(TrainConfig config, Engine engine, Runnable between) throws IOException {
        Counts counts = new Counts(engine);
        try (RankModel model = TrainLab.model(config, counts.engine(), new MemoryStore(), TestCorpus.of(20_000))) {
            model.step.run(1);
            between.run();
            counts.clear();
            model.step.run(2);
            return new StepWork(new TreeMap<>(counts.calls), counts.bytes, counts.allocations);
        }
    }

    /** An engine that counts, in front of another. */
    private static final class Counts {
        private final Engine engine;
        private final Kernels kernels;
        private final Map<String, Integer> calls = new TreeMap<>();
        private long bytes;
        private int allocations;

        Counts(Engine engine) {
            this.engine = engine;
            kernels = proxy(Kernels.class, this::kernel);
        }

        Engine engine() {
            return proxy(Engine.class, (method, arguments) -> {
                allocations += method.getName().equals("allocate") ? 1 : 0;
                return method.getName().equals("kernels") ? kernels : method.invoke(engine, arguments);
            });
        }

        private Object kernel(Method method, Object[] arguments) throws ReflectiveOperationException {
            calls.merge(method.getName(), 1, Integer::sum);
            for (Object argument : arguments) {
                bytes += argument instanceof Tensor tensor ? tensor.bytes() : 0;
            }
            return method.invoke(engine.kernels(), arguments);
        }

        void clear() {
            calls.clear();
            bytes = 0;
            allocations = 0;
        }
    }

    private interface Call {
        Object run(Method method, Object[] arguments) throws ReflectiveOperationException;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    try {
                        return call.run(method, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
