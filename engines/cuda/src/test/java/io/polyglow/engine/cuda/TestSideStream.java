package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStream;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Copies beside the main stream of a device without a GPU, which always lag; what the main stream has not done yet, they do not find. */
final class TestSideStream implements Device.SideStream {
    /** Bytes of each copy. */
    final List<Integer> copies = new ArrayList<>();

    boolean closed;
    private final FakeNccl.Memory memory;
    private final TestStream main;
    private final TestRecorder recorder;
    private final TestStream side;

    TestSideStream(Object device, FakeNccl.Memory memory, TestStream main, TestRecorder recorder) {
        this.memory = memory;
        this.main = main;
        this.recorder = recorder;
        this.side = new TestStream(device, true);
    }

    @Override
    public CopyStream.Event newEvent() {
        return new CopyStream.Event() {
            private volatile long recorded;

            @Override
            public void record() {
                recorder.refuse("an event");
                recorded = main.position();
            }

            @Override
            public void await() {
                long position = recorded;
                side.queue(() -> main.finish(position));
            }
        };
    }

    @Override
    public void toDevice(long to, Pointer from, long bytes) {
        copies.add((int) bytes);
        side.queue(() -> {
            byte[] copy = new byte[(int) bytes];
            new BytePointer(from).get(copy);
            memory.poke(to, copy);
        });
    }

    @Override
    public void toHost(Pointer to, long from, long bytes) {
        copies.add((int) bytes);
        side.queue(() -> new BytePointer(to).put(memory.peek(from, (int) bytes)));
    }

    @Override
    public void await() {
        if (closed) {
            throw new AssertionError("a wait for a stream that is closed");
        }
        side.finish();
    }

    @Override
    public void close() {
        if (closed) {
            throw new AssertionError("closed twice");
        }
        closed = true;
    }
}
