package io.polyglow.trainer.loop;

import io.polyglow.trainer.kernels.DevicePath;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.InMemoryTensorExchange;
import io.polyglow.trainer.kernels.TensorExchange;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** Reference engines by rank, of which the replicas of a stage reach each other past the collectives. */
final class ConnectedEngines implements IntFunction<Engine> {
    /** Exchanges that have been asked for. */
    final AtomicInteger exchanges = new AtomicInteger();

    private final List<Engine> engines = new ArrayList<>();

    ConnectedEngines(ParallelLayout layout) {
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            List<Engine> replicas = new ArrayList<>();
            for (int replica = 0; replica < layout.data(); replica++) {
                replicas.add(Engines.named("reference").open(1));
            }
            List<TensorExchange> members = InMemoryTensorExchange.open(replicas, Duration.ofSeconds(60));
            for (int replica = 0; replica < layout.data(); replica++) {
                engines.add(connected(replicas.get(replica), members.get(replica)));
            }
        }
    }

    private Engine connected(Engine engine, TensorExchange exchange) {
        TensorExchange counted = wrap(TensorExchange.class, exchange, "exchange", (arguments, result) -> {
            exchanges.incrementAndGet();
            return result;
        });
        return wrap(Engine.class, engine, "connect", (arguments, result) -> new DevicePath(counted, "in memory"));
    }

    /** What becomes of a call's result. */
    private interface Change {
        Object of(Object[] arguments, Object result);
    }

    private static <T> T wrap(Class<T> type, T original, String name, Change change) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(original, arguments);
                        return method.getName().equals(name) ? change.of(arguments, result) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    @Override
    public Engine apply(int rank) {
        return engines.get(rank);
    }
}
