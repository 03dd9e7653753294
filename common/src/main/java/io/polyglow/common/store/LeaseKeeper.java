package io.polyglow.common.store;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.process.Threads;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a {@link Lease} while its owner works, in a thread of its own: whatever else a beat fails with, the next one is tried, and only when somebody else
 * has the lease does it end. Closing stops the beats and leaves the lease to its owner.
 */
public final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final long BEAT_EVERY_MS = 2000;

    private final Lease lease;
    private final Consumer<PolyglowException> lost;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread keeper = new Thread(task, "polyglow-lease");
        keeper.setDaemon(true);
        return keeper;
    });

    private final Future<?> beating;

    /** {@code lost} is called, once and on the keeper's thread, when somebody else has the lease; it is given the reason. */
    public LeaseKeeper(Lease lease, Consumer<PolyglowException> lost) {
        this(lease, lost, BEAT_EVERY_MS);
    }

    LeaseKeeper(Lease lease, Consumer<PolyglowException> lost, long beatEveryMs) {
        this.lease = lease;
        this.lost = lost;
        this.beating = thread.scheduleWithFixedDelay(this::beat, 0, beatEveryMs, TimeUnit.MILLISECONDS);
    }

    private void beat() {
        try {
            lease.beat();
        } catch (IOException | RuntimeException e) {
            if (e instanceof PolyglowException known && known.kind() == ErrorKind.FENCED) {
                thread.shutdown();
                lost.accept(known);
            } else { // the lease goes stale after many missed beats, not after one; an exception would end the schedule
                LOG.warn("cannot show that this driver lives: {}", e.toString());
            }
        }
    }

    @Override
    public void close() {
        beating.cancel(false);
        thread.shutdown();
        Threads.awaitEnd(thread, BEAT_EVERY_MS, TimeUnit.MILLISECONDS);
    }
}
