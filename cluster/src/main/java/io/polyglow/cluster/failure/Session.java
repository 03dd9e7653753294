package io.polyglow.cluster.failure;

import io.polyglow.cluster.transport.Transport;
import io.polyglow.cluster.wire.FrameDecoder;
import io.polyglow.cluster.wire.FrameEncoder;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all links of one rank share during one attempt: identity, the health of peers, the flight recorder, and the end. A link waits in a
 * {@link Wait} of its own.
 *
 * <p>Whatever the reason, the first failure on any thread is told to every peer, so all ranks leave together, and every later call on any thread
 * fails with that same exception. The session guards itself and the control stream.
 *
 * <p>The thread that makes the session is the rank's own: only its interrupt ends the attempt, and it calls {@link #leave}, when no other thread
 * uses a link any more. The handshake and {@link #greeted} come before there is a second thread.
 */
public final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final int RECORDED_OPERATIONS = 256;
    private static final int MAX_REASON_BYTES = 1024;
    private static final long FLOOD_NS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Thread rankThread = Thread.currentThread();
    private final Transport transport;
    private final Patience patience;
    private final NanoClock clock;
    private final FlightRecorder recorder;
    private final int run;
    private final int epoch;
    private final ControlStream control;
    private final long startupEndNs;
    private final AtomicLong droppedFrames = new AtomicLong();
    private volatile @Nullable String abortRequest;
    private volatile @Nullable PolyglowException failure;

    /** One attempt ({@code epoch}) of a run over a connected transport; the calling thread is the rank's own. */
    public Session(Transport transport, int run, int epoch, Patience patience, NanoClock clock) {
        this.transport = transport;
        this.run = run;
        this.epoch = epoch;
        this.patience = patience;
        this.clock = clock;
        this.recorder = new FlightRecorder(RECORDED_OPERATIONS, clock);
        this.control = new ControlStream(this, clock);
        this.startupEndNs = clock.nanoTime() + patience.startup().toNanos();
    }

    /** Makes an encoder of this rank's frames. */
    public FrameEncoder newEncoder() {
        return new FrameEncoder(run, epoch, transport.rank());
    }

    /** Makes the waits of one link on a stream; {@code awaiting} is asked on the link's thread. */
    public Wait newWait(StreamKind stream, Awaiting awaiting) {
        return new Wait(this, stream, awaiting);
    }

    /** The transport of all links. */
    public Transport transport() {
        return transport;
    }

    /** Frames of other runs and earlier attempts that were thrown away. */
    public long droppedFrames() {
        return droppedFrames.get();
    }

    /** The last operations as text, and how many frames were thrown away. */
    public String flightRecord() {
        return recorder.dump() + (droppedFrames() == 0 ? "" : droppedFrames() + " frames of other attempts dropped\n");
    }

    /** The first failure, or null. */
    public @Nullable PolyglowException failure() {
        return failure;
    }

    /** Ends the attempt for all ranks at this rank's next turn, or at the start of its next operation; any thread. */
    public void requestAbort(String reason) {
        abortRequest = reason;
    }

    /** This peer has said hello: from now on losing it ends the attempt. */
    public synchronized void greeted(int peer) {
        control.greeted(peer);
    }

    /** When a wait in which nothing has moved since then expires. */
    long deadlineNs(long progressNs) {
        return Math.max(progressNs + patience.silence().toNanos(), startupEndNs);
    }

    boolean isCancelled() {
        return patience.cancelled().getAsBoolean();
    }

    NanoClock clock() {
        return clock;
    }

    FlightRecorder recorder() {
        return recorder;
    }

    boolean isRankThread() {
        return Thread.currentThread() == rankThread;
    }

    /** Whether the next check ends the wait; cheap. */
    boolean isEnding() {
        return failure != null || abortRequest != null;
    }

    /** Starts the record of an operation of this thread, unless the attempt has ended or must end. */
    void begin(StreamKind stream, Operation operation, long sequence, long bytes) {
        throwFailure();
        recorder.begin(stream, operation, sequence, bytes);
        String reason = abortRequest;
        if (reason != null) {
            throw fail(ErrorKind.PEER_LOST, reason + " (before " + operation() + ")");
        }
    }

    /** Throws when the attempt has ended or must end, whatever this thread waits for. */
    void check(Wait wait) {
        throwFailure();
        String reason = abortRequest;
        if (reason != null) {
            throw fail(ErrorKind.PEER_LOST, reason + " (during " + wait.where() + ")");
        }
        Throwable breakdown = transport.failure();
        if (breakdown != null) {
            throw fail(
                    ErrorKind.PEER_LOST,
                    "the transport of this rank broke down during " + wait.where() + ": " + breakdown);
        }
        checkPeers(wait);
    }

    private void throwFailure() {
        PolyglowException first = failure;
        if (first != null) {
            recorder.failed();
            throw first;
        }
    }

    /** The operation of this thread, for a person. */
    String operation() {
        return recorder.current() + " of attempt " + epoch;
    }

    /** Takes in what peers say on the control stream and looks for lost links. */
    private synchronized void checkPeers(Wait wait) {
        for (int peer = 0; peer < transport.worldSize(); peer++) {
            if (!control.isGreeted(peer)) {
                continue;
            }
            control.poll(peer);
            if (isGone(peer, wait)) {
                control.poll(peer); // what it said between the poll above and its end tells more than its end
                if (isGone(peer, wait)) {
                    throw fail(
                            ErrorKind.PEER_LOST,
                            "lost rank " + peer + " at " + transport.address(peer) + " during " + wait.where());
                }
            }
        }
    }

    private boolean isGone(int peer, Wait wait) {
        return wait.lacks(peer) || control.isGone(peer);
    }

    /** Does what an accepted control frame other than a hello says. */
    public synchronized void obey(FrameDecoder frame) {
        if (frame.operation() == Operation.BYE) {
            control.left(frame.source());
        } else if (frame.operation() == Operation.ABORT) {
            byte[] utf8 = new byte[frame.payloadLength()];
            frame.buffer().getBytes(frame.payloadAt(), utf8);
            String reason = new String(utf8, StandardCharsets.UTF_8);
            String what = "rank " + frame.detail() + " ended attempt " + epoch + ": " + reason;
            throw fail(ErrorKind.PEER_LOST, frame.detail(), what, reason);
        } else {
            throw fail(ErrorKind.BUG, "rank " + frame.source() + " sent an unexpected " + frame.operation() + " frame");
        }
    }

    /**
     * Checks a received frame. Returns false when it is of another run or an earlier attempt and must be ignored; throws when
     * it is corrupt, from the wrong sender, or of a later attempt, in which case this rank is the one that must stop. Any thread, with a decoder of
     * its own.
     */
    public boolean accept(FrameDecoder frame, StreamKind stream, int peer, DirectBuffer buffer, int index, int length) {
        String problem = frame.wrap(buffer, index, length);
        if (problem != null) {
            throw fail(
                    ErrorKind.PEER_LOST,
                    "a frame from rank " + peer + " at " + transport.address(peer) + " is corrupt in "
                            + recorder.current() + ": " + problem);
        }
        if (frame.run() == run && frame.epoch() > epoch) {
            throw fail(
                    ErrorKind.FENCED,
                    "rank " + peer + " already runs attempt " + frame.epoch() + "; this rank still ran attempt " + epoch
                            + " and stops");
        }
        if (frame.run() != run || frame.epoch() != epoch) {
            droppedFrames.incrementAndGet();
            return false;
        }
        if (frame.source() != peer || frame.stream() != stream) {
            throw fail(
                    ErrorKind.BUG,
                    "a frame that came as " + stream + " of rank " + peer + " says it is " + frame.stream()
                            + " of rank " + frame.source());
        }
        return true;
    }

    /** Ends the attempt for all ranks; returns the exception to throw. Only the first failure counts. Any thread. */
    public PolyglowException fail(ErrorKind kind, String what) {
        return fail(kind, transport.rank(), what, what);
    }

    private synchronized PolyglowException fail(ErrorKind kind, int culprit, String what, String reason) {
        recorder.failed();
        PolyglowException first = failure;
        if (first == null) {
            first = new PolyglowException(kind, "Rank " + transport.rank() + ": " + what + ".");
            failure = first;
            flood(culprit, reason);
            LOG.warn("{} The last operations of rank {}:\n{}", first.getMessage(), transport.rank(), flightRecord());
        }
        return first;
    }

    private void flood(int culprit, String reason) {
        byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
        byte[] payload = Arrays.copyOf(utf8, Math.min(utf8.length, MAX_REASON_BYTES));
        control.tellAll(Operation.ABORT, culprit, payload, FLOOD_NS);
    }

    /**
     * The last call. Unless the attempt has failed, tells every peer that this rank needs nothing more, and waits until they say the
     * same or {@code timeoutNs} has passed, so that what is still on the way arrives. On the rank's thread, when no other thread uses a link any more.
     */
    public synchronized void leave(long timeoutNs) {
        String reason = abortRequest;
        if (failure == null && reason != null) {
            fail(ErrorKind.PEER_LOST, reason);
        }
        if (failure != null) {
            return;
        }
        control.tellAll(Operation.BYE, 0, new byte[0], timeoutNs);
        control.await(this::isOver, timeoutNs);
    }

    private boolean isOver() {
        try {
            return isCancelled() || control.everybodyLeft();
        } catch (PolyglowException abort) {
            return true; // A peer failed after this rank had finished: nothing to tell anybody.
        }
    }
}
