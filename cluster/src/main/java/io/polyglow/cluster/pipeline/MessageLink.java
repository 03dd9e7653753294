package io.polyglow.cluster.pipeline;

import io.polyglow.cluster.failure.Awaiting;
import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Wait;
import io.polyglow.cluster.transport.FrameHandler;
import io.polyglow.cluster.transport.FrameWriter;
import io.polyglow.cluster.transport.Transport;
import io.polyglow.cluster.wire.FrameDecoder;
import io.polyglow.cluster.wire.FrameEncoder;
import io.polyglow.cluster.wire.FrameLayout;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.PayloadType;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.trainer.parallel.StageLink;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A {@link StageLink} on one stream to one peer. A message is cut into frames, at least one. Frames that come in while a send waits for
 * room are staged; {@link #receive} takes the staged ones first.
 */
public final class MessageLink implements StageLink, Awaiting {
    private final Session session;
    private final Wait wait;
    private final Transport transport;
    private final StreamKind stream;
    private final int peer;
    private final int maxPayload;
    private final FrameEncoder encoder;
    private final FrameDecoder decoder = new FrameDecoder();
    private final FrameStage stage;
    private final FrameHandler toStage;
    private final FrameHandler toCaller = this::onFrame;
    private final FrameWriter frame = this::writeFrame;

    private DirectBuffer outgoing = new UnsafeBuffer(new byte[0]);
    private MutableDirectBuffer incoming = new UnsafeBuffer(new byte[0]);
    private Operation direction = Operation.SEND;
    private long sendSequence;
    private long receiveSequence;
    private int total;
    private int moved;
    private int frameLength;
    private boolean complete;

    /** The link to world rank {@code peer}, with room to stage {@code maxInFlight} messages of up to {@code messageBytes}. */
    public MessageLink(Session session, StreamKind stream, int peer, int maxInFlight, int messageBytes) {
        this.session = session;
        this.wait = session.newWait(stream, this);
        this.transport = session.transport();
        this.stream = stream;
        this.peer = peer;
        this.maxPayload = transport.maxFrameBytes(stream) - FrameLayout.HEADER_BYTES;
        this.encoder = session.newEncoder();
        this.stage = new FrameStage(maxInFlight, messageBytes, transport.maxFrameBytes(stream), toCaller);
        this.toStage = stage::put;
    }

    @Override
    public void send(DirectBuffer buffer, int length) {
        buffer.boundsCheck(0, length);
        outgoing = buffer;
        begin(Operation.SEND, ++sendSequence, length);
        while (!complete) {
            boolean moving = sendFrame() || (stage.hasRoom() && transport.poll(stream, peer, toStage));
            wait.turn(moving ? 1 : 0);
        }
        wait.end();
    }

    @Override
    public void receive(MutableDirectBuffer buffer, int length) {
        buffer.boundsCheck(0, length);
        incoming = buffer;
        begin(Operation.RECEIVE, ++receiveSequence, length);
        while (!complete) {
            boolean moving = stage.take() || transport.poll(stream, peer, toCaller);
            wait.turn(moving ? 1 : 0);
        }
        wait.end();
    }

    private void begin(Operation operation, long sequence, int length) {
        direction = operation;
        total = length;
        moved = 0;
        complete = false;
        wait.begin(operation, sequence, length);
    }

    private boolean sendFrame() {
        frameLength = Math.min(maxPayload, total - moved);
        if (!transport.offer(stream, peer, FrameLayout.HEADER_BYTES + frameLength, frame)) {
            return false;
        }
        advance(frameLength);
        return true;
    }

    private void advance(int bytes) {
        moved += bytes;
        complete = moved == total;
    }

    private void writeFrame(MutableDirectBuffer buffer, int index) {
        encoder.begin(
                buffer, index, stream, Operation.SEND, PayloadType.BYTES, 0, sendSequence, total, moved, frameLength);
        buffer.putBytes(encoder.payloadAt(), outgoing, moved, frameLength);
        encoder.seal();
    }

    private void onFrame(DirectBuffer buffer, int index, int length) {
        if (!session.accept(decoder, stream, peer, buffer, index, length)) {
            return;
        }
        if (decoder.operation() != Operation.SEND
                || decoder.sequence() != receiveSequence
                || decoder.total() != total
                || decoder.offset() != moved) {
            throw session.fail(ErrorKind.BUG, mismatch());
        }
        incoming.putBytes(moved, buffer, decoder.payloadAt(), decoder.payloadLength());
        advance(decoder.payloadLength());
    }

    private String mismatch() {
        return "stages disagree on what travels between them: rank " + peer + " at " + transport.address(peer)
                + " sent "
                + decoder.operation() + " #" + decoder.sequence() + " on " + stream + " (bytes [" + decoder.offset()
                + ", +" + decoder.payloadLength() + ") of " + decoder.total() + "), but this rank wants message #"
                + receiveSequence + " (bytes from " + moved + " of " + total + ")";
    }

    @Override
    public boolean needs(int rank) {
        return rank == peer;
    }

    @Override
    public String describe() {
        return (direction == Operation.SEND ? "sending to rank " : "receiving from rank ") + peer + " at "
                + transport.address(peer) + " (" + moved + " of " + total + " bytes)";
    }

    /** Bytes that a link takes to stage messages. */
    public static int stagedBytes(int maxInFlight, int messageBytes, int maxFrameBytes) {
        return FrameStage.bytes(maxInFlight, messageBytes, maxFrameBytes);
    }

    /** Frees what is staged; the transport belongs to the session's owner. */
    @Override
    public void close() {
        stage.close();
    }
}
