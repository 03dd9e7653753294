package io.polyglow.cluster.failure;

import io.polyglow.cluster.transport.FrameHandler;
import io.polyglow.cluster.transport.LinkState;
import io.polyglow.cluster.transport.Transport;
import io.polyglow.cluster.wire.FrameDecoder;
import io.polyglow.cluster.wire.FrameEncoder;
import io.polyglow.cluster.wire.FrameLayout;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.PayloadType;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all links of one rank share during one attempt: identity, the health of peers, deadlines, the flight recorder, and the end.
 *
 * <p>An operation calls {@link #begin}, then {@link #turn} after every turn of its loop, then {@link #end}. {@code turn} throws when the wait
 * is over without success: cancelled, expired, a peer or the transport lost, or an abort received. Whatever the reason, the first
 * failure is told to every peer, so all ranks leave together, and every later call fails with it. One thread, except {@link #requestAbort}.
 */
public final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final int TURNS_BETWEEN_CHECKS = 128;
    private static final int RECORDED_OPERATIONS = 256;
    private static final int MAX_REASON_BYTES = 1024;
    private static final long FLOOD_NS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Transport transport;
    private final Patience patience;
    private final NanoClock clock;
    private final FlightRecorder recorder;
    private final IdleStrategy idle =
            new BackoffIdleStrategy(1, 10, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(500));
    private final int run;
    private final int epoch;
    private final FrameEncoder encoder;
    private final FrameDecoder control = new FrameDecoder();
    private final FrameHandler[] controlHandlers;
    private final boolean[] greeted;
    private final boolean[] left;
    private final long startupEndNs;

    private long progressNs;
    private int turns;
    private long droppedFrames;
    private volatile @Nullable String abortRequest;
    private @Nullable PolyglowException failure;

    /** One attempt ({@code epoch}) of a run over a connected transport. */
    public Session(Transport transport, int run, int epoch, Patience patience, NanoClock clock) {
        this.transport = transport;
        this.run = run;
        this.epoch = epoch;
        this.patience = patience;
        this.clock = clock;
        this.recorder = new FlightRecorder(RECORDED_OPERATIONS, clock);
        this.encoder = newEncoder();
        this.controlHandlers = new FrameHandler[transport.worldSize()];
        for (int i = 0; i < controlHandlers.length; i++) {
            int peer = i;
            controlHandlers[i] = (buffer, index, length) -> onControl(peer, buffer, index, length);
        }
        this.greeted = new boolean[transport.worldSize()];
        this.left = new boolean[transport.worldSize()];
        this.startupEndNs = clock.nanoTime() + patience.startup().toNanos();
    }

    /** Makes an encoder of this rank's frames. */
    public FrameEncoder newEncoder() {
        return new FrameEncoder(run, epoch, transport.rank());
    }

    /** The transport of all links. */
    public Transport transport() {
        return transport;
    }

    /** Frames of other runs and earlier attempts that were thrown away. */
    public long droppedFrames() {
        return droppedFrames;
    }

    /** The last operations as text, and how many frames were thrown away. */
    public String flightRecord() {
        return recorder.dump() + (droppedFrames == 0 ? "" : droppedFrames + " frames of other attempts dropped\n");
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
    public void greeted(int peer) {
        greeted[peer] = true;
    }

    /** An operation starts. */
    public void begin(StreamKind stream, Operation operation, long sequence, long bytes) {
        if (failure != null) {
            throw failure;
        }
        recorder.begin(stream, operation, sequence, bytes);
        progressNs = clock.nanoTime();
        idle.reset();
        String reason = abortRequest;
        if (reason != null) {
            throw fail(ErrorKind.PEER_LOST, reason + " (before " + recorder.current() + " of attempt " + epoch + ")");
        }
    }

    /** The operation in progress succeeded. */
    public void end() {
        recorder.done();
    }

    /** One turn of the operation in progress moved {@code work} frames; idles when none. */
    public void turn(int work, StreamKind stream, Awaiting awaiting) {
        if (work > 0) {
            progressNs = clock.nanoTime();
        }
        if (work == 0 || abortRequest != null || ++turns % TURNS_BETWEEN_CHECKS == 0) {
            check(stream, awaiting);
        }
        idle.idle(work);
    }

    private void check(StreamKind stream, Awaiting awaiting) {
        if (patience.cancelled().getAsBoolean() || Thread.currentThread().isInterrupted()) {
            throw fail(
                    ErrorKind.PEER_LOST, "stopped from outside, as the attempt had ended, during " + where(awaiting));
        }
        if (abortRequest != null) {
            throw fail(ErrorKind.PEER_LOST, abortRequest + " (during " + where(awaiting) + ")");
        }
        if (transport.failure() != null) {
            throw fail(
                    ErrorKind.PEER_LOST,
                    "the transport of this rank broke down during " + where(awaiting) + ": " + transport.failure());
        }
        checkPeers(stream, awaiting);
        if (clock.nanoTime() - Math.max(progressNs + patience.silence().toNanos(), startupEndNs) > 0) {
            throw fail(
                    ErrorKind.PEER_LOST,
                    "nothing moved for " + TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - progressNs) + " ms in "
                            + where(awaiting)
                            + "; a rank that is alive but stuck or much slower than the others causes this");
        }
    }

    /** Takes in what peers say on the control stream and looks for lost links. */
    private void checkPeers(StreamKind stream, Awaiting awaiting) {
        for (int peer = 0; peer < left.length; peer++) {
            if (!greeted[peer]) {
                continue;
            }
            pollControl(peer);
            if (isGone(peer, stream, awaiting)) {
                pollControl(peer); // what it said between the poll above and its end tells more than its end
                if (isGone(peer, stream, awaiting)) {
                    throw fail(
                            ErrorKind.PEER_LOST,
                            "lost rank " + peer + " at " + transport.address(peer) + " during " + where(awaiting));
                }
            }
        }
    }

    private boolean isGone(int peer, StreamKind stream, Awaiting awaiting) {
        return (!left[peer] && isLost(StreamKind.CONTROL, peer)) || (awaiting.needs(peer) && isLost(stream, peer));
    }

    private boolean isLost(StreamKind stream, int peer) {
        return transport.state(stream, peer) == LinkState.LOST;
    }

    private void pollControl(int peer) {
        while (transport.poll(StreamKind.CONTROL, peer, controlHandlers[peer])) {}
    }

    private void onControl(int peer, DirectBuffer buffer, int index, int length) {
        if (accept(control, StreamKind.CONTROL, peer, buffer, index, length)) {
            obey(control);
        }
    }

    /** Does what an accepted control frame other than a hello says. */
    public void obey(FrameDecoder frame) {
        if (frame.operation() == Operation.BYE) {
            left[frame.source()] = true;
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
     * it is corrupt, from the wrong sender, or of a later attempt, in which case this rank is the one that must stop.
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
            droppedFrames++;
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

    private String where(Awaiting awaiting) {
        return recorder.current() + " of attempt " + epoch + ", " + awaiting.describe();
    }

    /** Ends the attempt for all ranks; returns the exception to throw. Only the first failure counts. */
    public PolyglowException fail(ErrorKind kind, String what) {
        return fail(kind, transport.rank(), what, what);
    }

    private PolyglowException fail(ErrorKind kind, int culprit, String what, String reason) {
        if (failure == null) {
            recorder.failed();
            failure = new PolyglowException(kind, "Rank " + transport.rank() + ": " + what + ".");
            flood(culprit, reason);
            LOG.warn("{} The last operations of rank {}:\n{}", failure.getMessage(), transport.rank(), flightRecord());
        }
        return failure;
    }

    private void flood(int culprit, String reason) {
        byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
        byte[] payload = Arrays.copyOf(utf8, Math.min(utf8.length, MAX_REASON_BYTES));
        tellAll(Operation.ABORT, culprit, payload, FLOOD_NS);
    }

    /**
     * The last call. Unless the attempt has failed, tells every peer that this rank needs nothing more, and waits until they say the
     * same or {@code timeoutNs} has passed, so that what is still on the way arrives.
     */
    public void leave(long timeoutNs) {
        if (failure == null && abortRequest != null) {
            fail(ErrorKind.PEER_LOST, abortRequest);
        }
        if (failure != null) {
            return;
        }
        tellAll(Operation.BYE, 0, new byte[0], timeoutNs);
        long deadlineNs = clock.nanoTime() + timeoutNs;
        while (!isOver() && clock.nanoTime() - deadlineNs < 0) {
            idle.idle(0);
        }
    }

    private boolean isOver() {
        try {
            return patience.cancelled().getAsBoolean() || everybodyLeft();
        } catch (PolyglowException abort) {
            return true; // A peer failed after this rank had finished: nothing to tell anybody.
        }
    }

    private boolean everybodyLeft() {
        boolean all = true;
        for (int peer = 0; peer < left.length; peer++) {
            if (greeted[peer] && !left[peer]) {
                pollControl(peer);
                all &= left[peer] || isLost(StreamKind.CONTROL, peer);
            }
        }
        return all;
    }

    private void tellAll(Operation operation, int detail, byte[] payload, long timeoutNs) {
        boolean[] told = new boolean[left.length];
        told[transport.rank()] = true;
        long deadlineNs = clock.nanoTime() + timeoutNs;
        boolean all;
        do {
            all = true;
            for (int peer = 0; peer < told.length; peer++) {
                told[peer] = told[peer] || tell(peer, operation, detail, payload);
                all &= told[peer];
            }
            idle.idle(all ? 1 : 0);
        } while (!all && clock.nanoTime() - deadlineNs < 0);
    }

    private boolean tell(int peer, Operation operation, int detail, byte[] payload) {
        return transport.state(StreamKind.CONTROL, peer) != LinkState.UP
                || transport.offer(
                        StreamKind.CONTROL, peer, FrameLayout.HEADER_BYTES + payload.length, (buffer, index) -> {
                            encoder.begin(
                                    buffer,
                                    index,
                                    StreamKind.CONTROL,
                                    operation,
                                    PayloadType.BYTES,
                                    detail,
                                    0,
                                    payload.length,
                                    0,
                                    payload.length);
                            buffer.putBytes(encoder.payloadAt(), payload);
                            encoder.seal();
                        });
    }
}
