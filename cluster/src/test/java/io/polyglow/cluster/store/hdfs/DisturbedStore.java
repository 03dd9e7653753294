package io.polyglow.cluster.store.hdfs;

import io.polyglow.common.store.Store;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A store while something happens to its servers. */
final class DisturbedStore {
    private DisturbedStore() {}

    /** Something that happens at a call of the store, before it is done. */
    interface Disturbance {
        void happen(String call) throws IOException;
    }

    /** Does everything, but calls {@code disturbance} before each operation and before each write, sync and close of a file. */
    static Store of(Store store, Disturbance disturbance) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            disturbance.happen(method.getName());
            try {
                Object answer = method.invoke(store, arguments);
                return answer instanceof Store.Output out ? new DisturbedOutput(out, disturbance) : answer;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, handler);
    }

    private static final class DisturbedOutput extends Store.Output {
        private final Store.Output out;
        private final Disturbance disturbance;

        DisturbedOutput(Store.Output out, Disturbance disturbance) {
            this.out = out;
            this.disturbance = disturbance;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            disturbance.happen("write");
            out.write(bytes, offset, length);
        }

        @Override
        public void sync() throws IOException {
            disturbance.happen("sync");
            out.sync();
        }

        @Override
        public long position() throws IOException {
            return out.position();
        }

        @Override
        public void close() throws IOException {
            disturbance.happen("close of a file");
            out.close();
        }
    }
}
