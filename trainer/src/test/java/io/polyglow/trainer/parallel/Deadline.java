package io.polyglow.trainer.parallel;

import io.polyglow.common.AllowApi;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/** A wait on a monitor that ends. */
@AllowApi("measures how long a test has really waited")
final class Deadline {
    private final long end;

    Deadline(long ns) {
        this.end = System.nanoTime() + ns;
    }

    /** Waits for a notification on a monitor that the caller holds; false when time is up. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop over their condition
    boolean await(Object monitor) {
        long left = end - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        try {
            monitor.wait(left / 1_000_000, (int) (left % 1_000_000));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.PEER_LOST, "interrupted while waiting for another rank", e);
        }
    }
}
