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
import java.util.function.BooleanSupplier;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;

/** What this rank and its peers say to each other about the attempt itself. The session guards it: one thread at a time. */
final class ControlStream {
    private final Session session;
    private final Transport transport;
    private final NanoClock clock;
    private final IdleStrategy idle = Wait.newIdle();
    private final FrameEncoder encoder;
    private final FrameDecoder decoder = new FrameDecoder();
    private final FrameHandler[] handlers;
    private final boolean[] greeted;
    private final boolean[] left;

    ControlStream(Session session, NanoClock clock) {
        this.session = session;
        this.transport = session.transport();
        this.clock = clock;
        this.encoder = session.newEncoder();
        this.greeted = new boolean[transport.worldSize()];
        this.left = new boolean[transport.worldSize()];
        this.handlers = new FrameHandler[transport.worldSize()];
        for (int i = 0; i < handlers.length; i++) {
            int peer = i;
            handlers[i] = (buffer, index, length) -> onFrame(peer, buffer, index, length);
        }
    }

    void greeted(int peer) {
        greeted[peer] = true;
    }

    boolean isGreeted(int peer) {
        return greeted[peer];
    }

    /** This peer has said that it needs nothing more. */
    void left(int peer) {
        left[peer] = true;
    }

    /** Whether a peer is lost that has not taken leave. */
    boolean isGone(int peer) {
        return !left[peer] && transport.state(StreamKind.CONTROL, peer) == LinkState.LOST;
    }

    /** Takes in all that a peer has said; throws what the session makes of it. */
    void poll(int peer) {
        while (transport.poll(StreamKind.CONTROL, peer, handlers[peer])) {}
    }

    private void onFrame(int peer, DirectBuffer buffer, int index, int length) {
        if (session.accept(decoder, StreamKind.CONTROL, peer, buffer, index, length)) {
            session.obey(decoder);
        }
    }

    /** Whether no greeted peer needs anything more. */
    boolean everybodyLeft() {
        boolean all = true;
        for (int peer = 0; peer < left.length; peer++) {
            if (greeted[peer] && !left[peer]) {
                poll(peer);
                all &= left[peer] || isGone(peer);
            }
        }
        return all;
    }

    /** Returns when {@code over} or when {@code timeoutNs} has passed. */
    void await(BooleanSupplier over, long timeoutNs) {
        idle.reset();
        long deadlineNs = clock.nanoTime() + timeoutNs;
        while (!over.getAsBoolean() && clock.nanoTime() - deadlineNs < 0) {
            idle.idle(0);
        }
    }

    /** Sends one frame to every peer that can be reached and has room within {@code timeoutNs}. */
    void tellAll(Operation operation, int detail, byte[] payload, long timeoutNs) {
        boolean[] told = new boolean[left.length];
        told[transport.rank()] = true;
        await(() -> tellRest(told, operation, detail, payload), timeoutNs);
    }

    private boolean tellRest(boolean[] told, Operation operation, int detail, byte[] payload) {
        boolean all = true;
        for (int peer = 0; peer < told.length; peer++) {
            told[peer] = told[peer] || tell(peer, operation, detail, payload);
            all &= told[peer];
        }
        return all;
    }

    private boolean tell(int peer, Operation operation, int detail, byte[] payload) {
        return transport.state(StreamKind.CONTROL, peer) != LinkState.UP
                || transport.offer(
                        StreamKind.CONTROL,
                        peer,
                        FrameLayout.HEADER_BYTES + payload.length,
                        (buffer, index) -> write(buffer, index, operation, detail, payload));
    }

    private void write(MutableDirectBuffer buffer, int index, Operation operation, int detail, byte[] payload) {
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
    }
}
