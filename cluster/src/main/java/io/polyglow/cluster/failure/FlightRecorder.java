package io.polyglow.cluster.failure;

import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * The last operations of one rank in a ring, to be shown when an attempt fails: comparing the records of all ranks tells who never
 * entered which operation. Any thread; each has one operation in progress at most, which stays in the record however many others end
 * meanwhile. Allocates nothing until {@link #dump}.
 */
public final class FlightRecorder {
    private enum State {
        RUNNING,
        DONE,
        FAILED
    }

    private static final class Entry {
        long number;
        StreamKind stream = StreamKind.CONTROL;
        Operation operation = Operation.HELLO;
        State state = State.DONE;
        long sequence;
        long bytes;
        long beganNs;
        long endedNs;
        /** Whose operation this is, while it runs. */
        @Nullable
        Thread thread;

        String name() {
            return operation + " #" + sequence + " on " + stream;
        }
    }

    private final NanoClock clock;
    private final long startedNs;
    private final Entry[] ring;
    private final List<Entry> running = new ArrayList<>();
    private int next;
    private long recorded;

    /** Remembers the last {@code capacity} operations, which must be more than there are threads. */
    public FlightRecorder(int capacity, NanoClock clock) {
        this.clock = clock;
        this.startedNs = clock.nanoTime();
        this.ring = new Entry[capacity];
        Arrays.setAll(ring, i -> new Entry());
    }

    /** A new operation of this thread; one that it still had in progress failed. */
    public synchronized void begin(StreamKind stream, Operation operation, long sequence, long bytes) {
        failed();
        Entry entry = oldest();
        entry.number = ++recorded;
        entry.stream = stream;
        entry.operation = operation;
        entry.state = State.RUNNING;
        entry.sequence = sequence;
        entry.bytes = bytes;
        entry.beganNs = clock.nanoTime();
        entry.thread = Thread.currentThread();
        running.add(entry);
    }

    private Entry oldest() {
        Entry entry;
        do {
            entry = ring[next];
            next = (next + 1) % ring.length;
        } while (entry.state == State.RUNNING);
        return entry;
    }

    /** This thread's operation in progress succeeded. */
    public synchronized void done() {
        finish(State.DONE);
    }

    /** This thread's operation in progress, if there is one, failed. */
    public synchronized void failed() {
        finish(State.FAILED);
    }

    private void finish(State state) {
        Entry entry = mine();
        if (entry != null) {
            entry.state = state;
            entry.endedNs = clock.nanoTime();
            entry.thread = null;
            running.remove(entry);
        }
    }

    private @Nullable Entry mine() {
        for (int i = 0; i < running.size(); i++) {
            if (running.get(i).thread == Thread.currentThread()) {
                return running.get(i);
            }
        }
        return null;
    }

    /** This thread's operation in progress: {@code reduceScatter #12 on replicas}. */
    public synchronized String current() {
        Entry entry = mine();
        return entry == null ? "no operation" : entry.name();
    }

    /** One line an operation, in the order in which they began; times in milliseconds since the recorder was made. */
    public synchronized String dump() {
        Entry[] entries = Arrays.stream(ring).filter(entry -> entry.number > 0).toArray(Entry[]::new);
        Arrays.sort(entries, Comparator.comparingLong(entry -> entry.number));
        StringBuilder text = new StringBuilder();
        for (Entry entry : entries) {
            long untilNs = entry.state == State.RUNNING ? clock.nanoTime() : entry.endedNs;
            text.append(String.format(
                    Locale.ROOT,
                    "%12.3f ms  %-40s %12d bytes  %-7s %10.3f ms%n",
                    (entry.beganNs - startedNs) / 1e6,
                    entry.name(),
                    entry.bytes,
                    entry.state.name().toLowerCase(Locale.ROOT),
                    (untilNs - entry.beganNs) / 1e6));
        }
        return text.toString();
    }
}
