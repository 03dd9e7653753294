package io.polyglow.trainer.loop;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.Kernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/** Reference engines, one of which does a wrong thing after one call of one kernel. */
final class FaultyEngines implements IntFunction<Engine> {
    private final int rank;
    private final int call;
    private final String kernel;
    private final BiConsumer<Kernels, Object[]> fault;

    /** After call number {@code call} of {@code kernel} on {@code rank}, {@code fault} gets the kernels and the arguments of the call. */
    FaultyEngines(int rank, int call, String kernel, BiConsumer<Kernels, Object[]> fault) {
        this.rank = rank;
        this.call = call;
        this.kernel = kernel;
        this.fault = fault;
    }

    @Override
    public Engine apply(int ofRank) {
        Engine engine = Engines.named("reference").open(1);
        if (ofRank != rank) {
            return engine;
        }
        Kernels kernels = faulty(engine.kernels());
        return (Engine) Proxy.newProxyInstance(
                Engine.class.getClassLoader(),
                new Class<?>[] {Engine.class},
                (proxy, method, arguments) ->
                        method.getName().equals("kernels") ? kernels : method.invoke(engine, arguments));
    }

    private Kernels faulty(Kernels kernels) {
        AtomicInteger calls = new AtomicInteger();
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(kernels, arguments);
                        if (method.getName().equals(kernel) && calls.incrementAndGet() == call) {
                            fault.accept(kernels, arguments);
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
