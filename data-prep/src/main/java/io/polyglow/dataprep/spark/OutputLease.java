package io.polyglow.dataprep.spark;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a {@link Lease} while a run writes to its output, in a thread of its own, and stops the run when another one has taken it over. */
final class OutputLease implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OutputLease.class);
    private static final long BEAT_EVERY_SECONDS = 2;

    private final Lease lease;
    private final Runnable stop;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread keeper = new Thread(task, "polyglow-output-lease");
        keeper.setDaemon(true);
        return keeper;
    });

    private final Future<?> beating;

    /** {@code stop} is called, once, when another run has the lease. */
    OutputLease(Lease lease, Runnable stop) {
        this.lease = lease;
        this.stop = stop;
        this.beating = thread.scheduleWithFixedDelay(this::beat, 0, BEAT_EVERY_SECONDS, TimeUnit.SECONDS);
    }

    private void beat() {
        try {
            lease.beat();
        } catch (PolyglowException e) {
            thread.shutdown();
            stop.run();
        } catch (IOException | RuntimeException e) { // the lease goes stale after many missed beats, not after one
            LOG.warn("cannot show that this driver lives: {}", e.toString());
        }
    }

    @Override
    public void close() {
        beating.cancel(false);
        thread.shutdown();
        try {
            thread.awaitTermination(BEAT_EVERY_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
