package io.polyglow.cluster.spark;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LeaseKeeper;
import io.polyglow.common.store.Store;
import io.polyglow.common.trace.MetricsTail;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's watch over a run while its attempts go on: shows that the driver lives, and tells the listener of steps and checkpoints
 * as they appear in the run directory. Two threads of its own, so that a store that is slow to read does not keep the driver from showing that it lives.
 */
final class RunMonitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunMonitor.class);
    private static final long LOOK_EVERY_MS = 500;

    private final MetricsTail metrics;
    private final CheckpointDirectory checkpoints;
    private final JobListener listener;
    private final NanoClock clock;
    private final long steps;
    private final Runnable stop;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread monitor = new Thread(task, "polyglow-run-monitor");
        monitor.setDaemon(true);
        return monitor;
    });

    private final Future<?> looking;
    private final LeaseKeeper keeper;
    private volatile boolean anew = true;
    private boolean blind;
    private long newestCheckpoint;
    private long firstStep;
    private long firstStepNs;
    private volatile @Nullable PolyglowException fenced;

    /** {@code stop} is called when another driver has taken the run over. */
    RunMonitor(Store run, Lease lease, long steps, JobListener listener, NanoClock clock, Runnable stop)
            throws IOException {
        this.checkpoints = new CheckpointDirectory(run);
        this.newestCheckpoint = newest(checkpoints);
        this.metrics = MetricsTail.ofNextAttempt(run, newestCheckpoint);
        this.listener = listener;
        this.clock = clock;
        this.steps = steps;
        this.stop = stop;
        this.looking = thread.scheduleWithFixedDelay(this::look, LOOK_EVERY_MS, LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        this.keeper = new LeaseKeeper(lease, this::fence);
    }

    /** Step of the newest checkpoint, 0 if there is none. */
    static long newest(CheckpointDirectory checkpoints) throws IOException {
        return checkpoints.steps().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** The speed of the next attempt is measured anew. Does not wait for a look at a store that is slow to read. */
    void newAttempt() {
        anew = true;
    }

    /** Throws once another driver has the run. */
    void requireOwner() {
        PolyglowException reason = fenced;
        if (reason != null) {
            throw reason;
        }
    }

    private void fence(PolyglowException reason) {
        fenced = reason;
        thread.shutdown();
        stop.run();
    }

    private void look() {
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
    public void close() throws IOException {
        keeper.close();
        looking.cancel(false);
        thread.shutdown();
        boolean over = false;
        try {
            over = thread.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (over && fenced == null) {
            report();
        }
    }
}
