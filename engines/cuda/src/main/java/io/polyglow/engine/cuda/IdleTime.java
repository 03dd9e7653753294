package io.polyglow.engine.cuda;

import org.agrona.concurrent.NanoClock;

/** Adds up the time from the end of each wait for a stream to the next thing that is queued on it: in between, the stream has nothing to do. One thread. */
final class IdleTime {
    private final NanoClock clock;
    private long sumNs;
    private long sinceNs;
    private boolean idle;

    IdleTime(NanoClock clock) {
        this.clock = clock;
    }

    /** Everything that was queued is done. */
    void awaited() {
        if (!idle) {
            idle = true;
            sinceNs = clock.nanoTime();
        }
    }

    /** Something is about to be queued. */
    void queued() {
        if (idle) {
            idle = false;
            sumNs += clock.nanoTime() - sinceNs;
        }
    }

    /** The sum so far. */
    long ns() {
        return sumNs;
    }
}
