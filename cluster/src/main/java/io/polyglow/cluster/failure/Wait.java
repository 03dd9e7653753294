package io.polyglow.cluster.failure;

import io.polyglow.cluster.transport.LinkState;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * How one link waits: an operation calls {@link #begin}, then {@link #turn} after every turn of its loop, then {@link #end}. {@code turn} throws when
 * the wait is over without success: cancelled, expired, interrupted, a peer or the transport lost, an abort received or requested, or a
 * failure of another thread of the rank.
 *
 * <p>One thread at a time; different links of a session wait on different threads. Every such end fails the {@link Session}, but one: the interrupt of
 * a thread that is not the rank's own. It means that the rank's thread has stopped and has yet to say why, so this wait ends alone,
 * no peer is told, and the link, which stopped amid an operation, refuses every later one.
 */
public final class Wait {
    private static final int TURNS_BETWEEN_CHECKS = 128;

    private final Session session;
    private final StreamKind stream;
    private final Awaiting awaiting;
    private final IdleStrategy idle = newIdle();

    private long progressNs;
    private int turns;
    private @Nullable PolyglowException abandoned;

    Wait(Session session, StreamKind stream, Awaiting awaiting) {
        this.session = session;
        this.stream = stream;
        this.awaiting = awaiting;
    }

    static IdleStrategy newIdle() {
        return new BackoffIdleStrategy(1, 10, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(500));
    }

    /** An operation of the link starts on this thread. */
    public void begin(Operation operation, long sequence, long bytes) {
        session.begin(stream, operation, sequence, bytes);
        if (abandoned != null) {
            session.recorder().failed();
            throw abandoned;
        }
        progressNs = session.clock().nanoTime();
        idle.reset();
    }

    /** The operation in progress succeeded. */
    public void end() {
        session.recorder().done();
    }

    /** One turn of the operation in progress moved {@code work} frames; idles when none. */
    public void turn(int work) {
        if (work > 0) {
            progressNs = session.clock().nanoTime();
        }
        if (work == 0 || session.isEnding() || ++turns % TURNS_BETWEEN_CHECKS == 0) {
            check();
        }
        idle.idle(work);
    }

    private void check() {
        checkOutside();
        session.check(this);
        long nowNs = session.clock().nanoTime();
        if (nowNs - session.deadlineNs(progressNs) > 0) {
            throw session.fail(
                    ErrorKind.PEER_LOST,
                    "nothing moved for " + TimeUnit.NANOSECONDS.toMillis(nowNs - progressNs) + " ms in " + where()
                            + "; a rank that is alive but stuck or much slower than the others causes this");
        }
    }

    private void checkOutside() {
        boolean interrupted = Thread.currentThread().isInterrupted();
        if (session.isCancelled() || (interrupted && session.isRankThread())) {
            throw session.fail(
                    ErrorKind.PEER_LOST, "stopped from outside, as the attempt had ended, during " + where());
        }
        if (interrupted && session.failure() == null) {
            throw abandon();
        }
    }

    private PolyglowException abandon() {
        PolyglowException end = new PolyglowException(
                ErrorKind.PEER_LOST,
                "Rank " + session.transport().rank() + ": " + where()
                        + ", was left because the rank's own thread stopped; what that thread reports is the cause.");
        session.recorder().failed();
        abandoned = end;
        return end;
    }

    /** Whether the operation cannot end because the link to this peer, which it needs, is lost. */
    boolean lacks(int peer) {
        return awaiting.needs(peer) && session.transport().state(stream, peer) == LinkState.LOST;
    }

    /** What this thread is in the midst of, for a person. */
    String where() {
        return session.operation() + ", " + awaiting.describe();
    }
}
