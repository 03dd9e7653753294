package io.polyglow.common.process;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/** What Java 17 does not know of the threads behind executors. */
public final class Threads {
    private static final NanoClock CLOCK = SystemNanoClock.INSTANCE;

    private Threads() {}

    /**
     * Waits until the tasks of an executor that has been shut down have ended, also in a thread that is or will be interrupted, which stays so. Returns whether they have.
     */
    public static boolean awaitEnd(ExecutorService executor, long timeout, TimeUnit unit) {
        long deadline = CLOCK.nanoTime() + unit.toNanos(timeout);
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return executor.awaitTermination(deadline - CLOCK.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
