package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Tensor;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Copies between an engine's memory and the host beside its kernels, for one thread that is not the engine's. They wait for no kernel call but those before the {@link Event}s
 * that were awaited; who moves what kernel calls use at the same time gets undefined bytes. Made by {@link Engine#copyStream}; closed before the engine.
 */
public interface CopyStream extends HostCopies, AutoCloseable {
    /** An event of the engine and this stream, to be used again and again; freed with the stream. The engine's thread. */
    Event newEvent();

    /** As ever; returns when the bytes are in the tensor, so that the engine's kernel calls after it find them there. */
    @Override
    void write(Tensor destination, DirectBuffer source, int offset);

    /** Any thread, once nobody else uses the stream. */
    @Override
    void close();

    /** A point among the engine's kernel calls. */
    interface Event {
        /** On the engine's thread: the kernel calls and {@link Engine#write}s made so far. The copies that await the last such point must be done. */
        void record();

        /** On the stream's thread, after {@link #record}: copies from now on find those calls done. */
        void await();
    }

    /** For an engine whose kernel calls, once they have returned, are done, and whose {@link Engine#read} and {@link Engine#write} may be called from any thread. */
    static CopyStream synchronous(Engine engine) {
        return new CopyStream() {
            @Override
            public Event newEvent() {
                return new Event() {
                    @Override
                    public void record() {}

                    @Override
                    public void await() {}
                };
            }

            @Override
            public void read(Tensor source, MutableDirectBuffer destination, int offset) {
                engine.read(source, destination, offset);
            }

            @Override
            public void write(Tensor destination, DirectBuffer source, int offset) {
                engine.write(destination, source, offset);
            }

            @Override
            public void close() {}
        };
    }
}
