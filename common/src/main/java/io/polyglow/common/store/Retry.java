package io.polyglow.common.store;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries a step of a save, or a write, again while the store fails, after pauses that double, until the time is up. A step must bear being repeated when it has been
 * done in part, or in full without an answer. Runs on the calling thread; an interrupt or {@code cancelled} ends it at once.
 */
public final class Retry {
    /** What is tried. */
    public interface Step {
        /** Does it; {@code again} when it has failed before. */
        void run(boolean again) throws IOException;
    }

    /** What is read, or made and returned. */
    public interface Read<T> {
        /** Does it. */
        T read() throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Retry.class);
    private static final long FIRST_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NS = TimeUnit.SECONDS.toNanos(30);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final NanoClock clock;
    private final long patienceNs;
    private final BooleanSupplier cancelled;

    /** Gives up {@code patienceNs} after the first failure of a step. */
    public Retry(NanoClock clock, long patienceNs, BooleanSupplier cancelled) {
        this.clock = clock;
        this.patienceNs = patienceNs;
        this.cancelled = cancelled;
    }

    /** Gives up at the first failure. */
    public static Retry none() {
        return new Retry(SystemNanoClock.INSTANCE, 0, () -> false);
    }

    /** How long a step may go on failing. */
    public long patienceNs() {
        return patienceNs;
    }

    /** Runs the step until it succeeds; {@code what} names it in messages. */
    public void run(String what, Step step) throws IOException {
        IOException failure = attempt(step, false);
        long firstFailureNs = clock.nanoTime();
        long pauseNs = FIRST_PAUSE_NS;
        for (int failures = 1; failure != null; failures++) {
            long spentNs = clock.nanoTime() - firstFailureNs;
            if (spentNs >= patienceNs || failure instanceof AccessDeniedException) {
                throw givenUp(what, failures, spentNs, failure);
            }
            LOG.warn("{} has failed {} times, will be tried again: {}", what, failures, failure.toString());
            pause(Math.min(pauseNs, patienceNs - spentNs));
            pauseNs = Math.min(2 * pauseNs, LONGEST_PAUSE_NS);
            failure = attempt(step, true);
        }
    }

    /** As {@link #run}, for a step with a result. */
    public <T> T get(String what, Read<T> read) throws IOException {
        List<T> result = new ArrayList<>(1);
        run(what, again -> result.add(read.read()));
        return result.get(0);
    }

    /** Returns what is worth another try. */
    private @Nullable IOException attempt(Step step, boolean again) {
        requireWanted();
        try {
            step.run(again);
            return null;
        } catch (IOException e) {
            requireWanted();
            return e;
        } catch (PolyglowException e) {
            if (e.kind() == ErrorKind.CHECKPOINT && e.getCause() instanceof IOException unreadable) {
                return unreadable;
            }
            throw e;
        }
    }

    private void pause(long ns) {
        long endNs = clock.nanoTime() + ns;
        while (clock.nanoTime() - endNs < 0) {
            LockSupport.parkNanos(POLL_NS);
            requireWanted();
        }
    }

    private void requireWanted() {
        if (cancelled.getAsBoolean() || Thread.currentThread().isInterrupted()) {
            throw new PolyglowException(ErrorKind.PEER_LOST, "waiting for the store was interrupted");
        }
    }

    private static IOException givenUp(String what, int failures, long spentNs, IOException last) {
        return failures == 1
                ? last
                : new IOException(
                        what + " failed " + failures + " times in " + TimeUnit.NANOSECONDS.toSeconds(spentNs)
                                + " s, at last with " + last,
                        last);
    }
}
