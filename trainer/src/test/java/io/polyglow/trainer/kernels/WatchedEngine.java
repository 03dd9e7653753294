package io.polyglow.trainer.kernels;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** An engine in front of another, which tells of each call before it makes it. */
public final class WatchedEngine {
    /** Hears of calls, on the thread that makes them. */
    public interface Listener {
        /** A method is about to be called. */
        void called(String method, Object[] arguments);
    }

    private interface Call {
        Object run(Method method, Object[] arguments) throws ReflectiveOperationException;
    }

    private WatchedEngine() {}

    /** Watches an engine and its kernels; whoever closes this closes the engine. */
    public static Engine of(Engine engine, Listener onEngine, Listener onKernels) {
        Kernels kernels = proxy(Kernels.class, (method, arguments) -> {
            onKernels.called(method.getName(), arguments);
            return method.invoke(engine.kernels(), arguments);
        });
        return proxy(Engine.class, (method, arguments) -> {
            onEngine.called(method.getName(), arguments == null ? new Object[0] : arguments);
            return method.getName().equals("kernels") ? kernels : method.invoke(engine, arguments);
        });
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
