package io.polyglow.cluster.failure;

import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;

/**
 * The last operations of one rank in a ring, to be shown when an attempt fails: comparing the records of all ranks tells who never
 * entered which operation. One writer; allocates nothing until {@link #dump}.
 */
public final class FlightRecorder {
    private enum State {
        RUNNING,
        DONE,
        FAILED
    }

    private final NanoClock clock;
    private final long startedNs;
    private final int capacity;
    private final StreamKind[] streams;
    private final Operation[] operations;
    private final State[] states;
    private final long[] sequences;
    private final long[] bytes;
    private final long[] beganNs;
    private final long[] endedNs;
    private long recorded;

    /** Remembers the last {@code capacity} operations. */
    public FlightRecorder(int capacity, NanoClock clock) {
        this.capacity = capacity;
        this.clock = clock;
        this.startedNs = clock.nanoTime();
        this.streams = new StreamKind[capacity];
        this.operations = new Operation[capacity];
        this.states = new State[capacity];
        this.sequences = new long[capacity];
        this.bytes = new long[capacity];
        this.beganNs = new long[capacity];
        this.endedNs = new long[capacity];
    }

    /** A new operation; the previous one must have ended. */
    public void begin(StreamKind stream, Operation operation, long sequence, long operationBytes) {
        int slot = (int) (recorded++ % capacity);
        streams[slot] = stream;
        operations[slot] = operation;
        states[slot] = State.RUNNING;
        sequences[slot] = sequence;
        bytes[slot] = operationBytes;
        beganNs[slot] = clock.nanoTime();
    }

    /** The operation in progress succeeded. */
    public void done() {
        finish(State.DONE);
    }

    /** The operation in progress, if there is one, failed. */
    public void failed() {
        finish(State.FAILED);
    }

    private void finish(State state) {
        int slot = (int) ((recorded + capacity - 1) % capacity);
        if (recorded > 0 && states[slot] == State.RUNNING) {
            states[slot] = state;
            endedNs[slot] = clock.nanoTime();
        }
    }

    /** The operation in progress or last: {@code reduceScatter #12 on replicas}. */
    public String current() {
        return recorded == 0 ? "no operation yet" : name((int) ((recorded - 1) % capacity));
    }

    private String name(int slot) {
        return operations[slot] + " #" + sequences[slot] + " on " + streams[slot];
    }

    /** One line an operation, oldest first; times in milliseconds since the recorder was made. */
    public String dump() {
        StringBuilder text = new StringBuilder();
        for (long i = Math.max(0, recorded - capacity); i < recorded; i++) {
            int slot = (int) (i % capacity);
            long until = states[slot] == State.RUNNING ? clock.nanoTime() : endedNs[slot];
            text.append(String.format(
                    Locale.ROOT,
                    "%12.3f ms  %-40s %12d bytes  %-7s %10.3f ms%n",
                    (beganNs[slot] - startedNs) / 1e6,
                    name(slot),
                    bytes[slot],
                    states[slot].name().toLowerCase(Locale.ROOT),
                    (until - beganNs[slot]) / 1e6));
        }
        return text.toString();
    }
}
