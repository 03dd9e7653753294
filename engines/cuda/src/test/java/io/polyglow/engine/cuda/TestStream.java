package io.polyglow.engine.cuda;

import java.util.ArrayDeque;
import java.util.Queue;

/** A stream of a device without a GPU. While it lags, queued work is done when somebody waits for it and no sooner, by the thread that waits: as on a GPU that has much to do. Any thread. */
final class TestStream {
    /** Held while work of the device is done, so that there is one piece at a time. */
    private final Object device;

    private final Queue<Runnable> pending = new ArrayDeque<>();
    private boolean lags;
    private long queued;
    private long done;

    TestStream(Object device, boolean lags) {
        this.device = device;
        this.lags = lags;
    }

    void lag() {
        lags = true;
    }

    void queue(Runnable work) {
        synchronized (device) {
            pending.add(work);
            queued++;
            if (!lags) {
                finish();
            }
        }
    }

    /** How much has been queued so far. */
    long position() {
        synchronized (device) {
            return queued;
        }
    }

    /** Does what was queued up to a position. */
    void finish(long position) {
        synchronized (device) {
            while (done < position) {
                done++;
                pending.remove().run();
            }
        }
    }

    void finish() {
        finish(position());
    }
}
