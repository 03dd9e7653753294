package io.polyglow.common.trace;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/**
 * Follows a run's {@link MetricsLog} while another process writes it. Each step is given once, in order, also when the run restarts from an earlier
 * checkpoint and writes steps again. One thread.
 */
public final class MetricsTail {
    private final Store run;
    private long offset;
    private long lastStep;

    /** Follows the run at the root of {@code run}, giving steps after {@code step}; the log need not exist yet. */
    public MetricsTail(Store run, long step) {
        this(run, step, 0);
    }

    private MetricsTail(Store run, long step, long offset) {
        this.run = run;
        this.lastStep = step;
        this.offset = offset;
    }

    /** As the constructor, for a run that is about to go on from {@code step}: what is in the log now, which will be cut there, is passed over. */
    public static MetricsTail ofNextAttempt(Store run, long step) throws IOException {
        return new MetricsTail(
                run,
                step,
                run.exists(MetricsLog.FILE) ? run.stat(MetricsLog.FILE).bytes() : 0);
    }

    /** The steps that have become visible since the last call; never waits for more. */
    public List<JsonObject> poll() throws IOException {
        List<JsonObject> steps = new ArrayList<>();
        try {
            read(steps);
        } catch (NoSuchFileException e) {
            offset = 0;
        } catch (EOFException | PolyglowException e) {
            if (offset == 0) {
                throw e;
            }
            // the log was replaced by a shorter one: what was a start of a line no longer is
            offset = 0;
            read(steps);
        }
        return steps;
    }

    private void read(List<JsonObject> steps) throws IOException {
        try (LineReader lines = new LineReader(run.open(MetricsLog.FILE, offset))) {
            for (byte[] line = lines.next(); line.length > 0; line = lines.next()) {
                JsonObject metrics = Json.parseObject(run.root() + "/" + MetricsLog.FILE, line);
                offset += line.length;
                if (metrics.getLong("step") > lastStep) {
                    lastStep = metrics.getLong("step");
                    steps.add(metrics);
                }
            }
        }
    }
}
