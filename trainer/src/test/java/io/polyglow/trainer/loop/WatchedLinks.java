package io.polyglow.trainer.loop;

import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.RankLinks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** The links of a rank, which tell of each operation among the replicas. */
final class WatchedLinks {
    /** Hears of operations when they are done, on the thread that called them; what it throws comes out of them. */
    interface Listener {
        void done(String operation, Object[] arguments);
    }

    private WatchedLinks() {}

    static RankLinks of(RankLinks links, Listener listener) {
        return new RankLinks(
                links.rank(),
                links.layout(),
                links.world(),
                watched(links.replicas(), listener),
                links.previous(),
                links.next(),
                links.shared());
    }

    private static Collectives watched(Collectives group, Listener listener) {
        return (Collectives) Proxy.newProxyInstance(
                Collectives.class.getClassLoader(), new Class<?>[] {Collectives.class}, (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(group, arguments);
                        listener.done(method.getName(), arguments);
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
