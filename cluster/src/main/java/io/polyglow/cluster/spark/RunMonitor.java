package io.polyglow.cluster.spark;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.process.Threads;
import io.polyglow.common.store.Store;
import io.polyglow.common.trace.MetricsTail;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's watch over a run while its attempts go on: tells the listener of steps and checkpoints as they appear in the run directory, as long as the run is the driver's own. A thread of its own, so
 * that a store that is slow to read delays nothing else.
 */
final class RunMonitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunMonitor.class);
    private static final long LOOK_EVERY_MS = 500;
    private static final int MOST_SECONDS_TO_END = 5;

    private final MetricsTail metrics;
    private final CheckpointDirectory checkpoints;
    private final JobListener listener;
    private final NanoClock clock;
    private final long steps;
    private final RunOwner owner;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread monitor = new Thread(task, "polyglow-run-monitor");
        monitor.setDaemon(true);
        return monitor;
    });

    private final Future<?> looking;
    private volatile boolean anew = true;
    private boolean blind;
    private long newestCheckpoint;
    private long firstStep;
    private long firstStepNs;

    RunMonitor(Store run, RunOwner owner, long steps, JobListener listener, NanoClock clock) throws IOException {
        this.checkpoints = new CheckpointDirectory(run);
        this.newestCheckpoint = newest(checkpoints);
        this.metrics = MetricsTail.ofNextAttempt(run, newestCheckpoint);
        this.listener = listener;
        this.clock = clock;
        this.steps = steps;
        this.owner = owner;
        this.looking = thread.scheduleWithFixedDelay(this::look, LOOK_EVERY_MS, LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
    }

    /** Step of the newest checkpoint, 0 if there is none. */
    static long newest(CheckpointDirectory checkpoints) throws IOException {
        return checkpoints.steps().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** The speed of the next attempt is measured anew. Does not wait for a look at a store that is slow to read. */
    void newAttempt() {
        anew = true;
    }

    private void look() {
        if (owner.isLost()) {
            return;
        }
        try {
            report();
            blind = false;
        } catch (IOException | RuntimeException e) { // an exception would end the schedule
            if (!blind) {
                LOG.warn("cannot show progress for now: {}", e.toString());
            }
            blind = true;
        }
    }

    private void report() throws IOException {
        for (JsonObject line : metrics.poll()) {
            listener.step(progress(line));
        }
        for (long step : checkpoints.steps()) {
            if (step > newestCheckpoint) {
                newestCheckpoint = step;
                listener.checkpoint(step);
            }
        }
    }

    private JobListener.StepProgress progress(JsonObject line) {
        long step = line.getLong("step");
        long now = clock.nanoTime();
        if (anew) {
            anew = false;
            firstStep = step;
            firstStepNs = now;
        }
        double secondsPerStep = (now - firstStepNs) / 1e9 / (step - firstStep);
        double eta = step > firstStep ? secondsPerStep * (steps - step) : -1;
        return new JobListener.StepProgress(step, steps, eta, line);
    }

    /** Reports what the run has gained since the last look, unless that one does not end, and stops. */
    @Override
    public void close() {
        looking.cancel(false);
        thread.shutdown();
        if (Threads.awaitEnd(thread, MOST_SECONDS_TO_END, TimeUnit.SECONDS)) {
            look();
        }
    }
}
