package io.polyglow.common.trace;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.RetriedOutput;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;

/**
 * {@code metrics.jsonl} of a run, one JSON object a step, and the same numbers as TensorBoard events beside it. Written by one rank, tailed by anybody
 * with {@link MetricsTail}. Lines become durable and visible at least every half second, and by {@link #sync}, which belongs before the commit of a checkpoint,
 * so that a resumed run has no gap. A store that fails for a while delays the writer and loses nothing. One thread.
 */
public final class MetricsLog implements Closeable {
    /** The file, relative to the run directory. */
    public static final String FILE = "metrics.jsonl";

    private static final long SYNC_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private final NanoClock clock;
    private final RetriedOutput lines;
    private final TensorBoardEvents events;
    private long syncedAtNs;
    private boolean givenUp;

    private MetricsLog(NanoClock clock, RetriedOutput lines, TensorBoardEvents events) {
        this.clock = clock;
        this.lines = lines;
        this.events = events;
        this.syncedAtNs = clock.nanoTime();
    }

    /**
     * Opens the log of the run at the root of {@code run}, which continues after {@code step} (0 for a new run): lines of later steps and a last line torn by
     * a crash are dropped atomically. Once open, {@code retry} says how long a write may fail, and {@code fence} whether the run is still this process's.
     */
    public static MetricsLog open(
            Store run, long step, Retry retry, RetriedOutput.Fence fence, NanoClock clock, EpochClock wallClock)
            throws IOException {
        if (run.exists(FILE)) {
            cutAfter(step, run);
        }
        RetriedOutput lines = RetriedOutput.append(run, FILE, retry, fence);
        try {
            return new MetricsLog(clock, lines, TensorBoardEvents.create(run, step + 1, retry, fence, wallClock));
        } catch (IOException | RuntimeException e) {
            try (lines) { // a store may let nobody else append to a file that is open
                throw e;
            }
        }
    }

    private static void cutAfter(long step, Store run) throws IOException {
        try {
            Stores.rewrite(run, FILE, out -> copyUpTo(step, run, out));
        } catch (IOException e) {
            // HDFS cannot read the end of a file whose writer died while its DataNodes were lost until somebody closes
            // it
            run.append(FILE).close();
            Stores.rewrite(run, FILE, out -> copyUpTo(step, run, out));
        }
    }

    private static void copyUpTo(long step, Store run, OutputStream out) throws IOException {
        try (LineReader lines = new LineReader(run.open(FILE, 0))) {
            byte[] line = lines.next();
            while (line.length > 0 && Json.parseObject(FILE, line).getLong("step") <= step) {
                out.write(line);
                line = lines.next();
            }
        }
    }

    /** Appends one step: {@code step} is required and grows; numbers, and numbers inside of objects, also go to TensorBoard. */
    public void append(JsonObject metrics) throws IOException {
        lines.write((Json.line(metrics) + "\n").getBytes(StandardCharsets.UTF_8));
        events.scalars(metrics.getLong("step"), metrics);
        if (clock.nanoTime() - syncedAtNs >= SYNC_INTERVAL_NS) {
            sync();
        }
    }

    /** Blocks until all lines are durable and visible. */
    public void sync() throws IOException {
        givenUp = true;
        try {
            lines.sync();
            events.sync();
        } catch (IOException | RuntimeException e) {
            lines.giveUp();
            events.giveUp();
            throw e;
        }
        givenUp = false;
        syncedAtNs = clock.nanoTime();
    }

    /** Makes all lines durable first, unless the last try to do so was given up: peers wait for the news of why this rank ends. */
    @Override
    public void close() throws IOException {
        try (lines;
                events) {
            if (!givenUp) {
                sync();
            }
        }
    }
}
