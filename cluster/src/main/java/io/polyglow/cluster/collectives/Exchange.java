package io.polyglow.cluster.collectives;

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
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Runs one operation of a group at a time: sends to and receives from all peers in turn, a frame each, until both directions of every
 * pair are through. Every operation sends at least one frame to every peer, so ranks that disagree find out. A peer that is ahead is not
 * polled: its frames wait in the transport.
 */
final class Exchange implements FrameWriter, FrameHandler, Awaiting {
    private final Session session;
    private final Wait wait;
    private final Transport transport;
    private final StreamKind stream;
    private final int[] members;
    private final int self;
    private final int maxPayload;
    private final FrameEncoder encoder;
    private final FrameDecoder decoder = new FrameDecoder();
    private final long[] sent;
    private final long[] received;
    private final boolean[] sentAll;
    private final boolean[] receivedAll;

    private Transfer transfer;
    private Operation operation = Operation.BARRIER;
    private PayloadType type = PayloadType.BYTES;
    private int detail;
    private long sequence;
    private int peer;
    private int length;

    Exchange(Session session, StreamKind stream, int[] members, int self, Transfer idle) {
        this.session = session;
        this.wait = session.newWait(stream, this);
        this.transport = session.transport();
        this.stream = stream;
        this.members = members;
        this.self = self;
        this.maxPayload = maxPayload(transport, stream);
        this.encoder = session.newEncoder();
        this.sent = new long[members.length];
        this.received = new long[members.length];
        this.sentAll = new boolean[members.length];
        this.receivedAll = new boolean[members.length];
        this.transfer = idle;
    }

    /** Payload bytes of a full frame: whole 8-byte elements. */
    static int maxPayload(Transport transport, StreamKind stream) {
        return (transport.maxFrameBytes(stream) - FrameLayout.HEADER_BYTES) & -Long.BYTES;
    }

    void run(Operation newOperation, PayloadType newType, int newDetail, long bytes, Transfer newTransfer) {
        operation = newOperation;
        type = newType;
        detail = newDetail;
        transfer = newTransfer;
        wait.begin(operation, ++sequence, bytes);
        Arrays.fill(sent, 0);
        Arrays.fill(received, 0);
        Arrays.fill(sentAll, false);
        Arrays.fill(receivedAll, false);
        sentAll[self] = true;
        receivedAll[self] = true;
        while (!complete()) {
            wait.turn(turn());
        }
        wait.end();
    }

    private int turn() {
        int work = transfer.advance(received) ? 1 : 0;
        for (peer = 0; peer < members.length; peer++) {
            if (!sentAll[peer] && send()) {
                work++;
            }
            if (!receivedAll[peer]
                    && transfer.hasRoom(peer, received[peer])
                    && transport.poll(stream, members[peer], this)) {
                work++;
            }
        }
        return work;
    }

    private boolean complete() {
        for (int i = 0; i < members.length; i++) {
            if (!sentAll[i] || !receivedAll[i]) {
                return false;
            }
        }
        return transfer.complete();
    }

    private boolean send() {
        length = transfer.sendLength(peer, sent[peer], maxPayload);
        if (!transport.offer(stream, members[peer], FrameLayout.HEADER_BYTES + length, this)) {
            return false;
        }
        sent[peer] += length;
        sentAll[peer] = sent[peer] == transfer.sendTotal(peer);
        return true;
    }

    @Override
    public void write(MutableDirectBuffer buffer, int index) {
        long total = transfer.sendTotal(peer);
        encoder.begin(buffer, index, stream, operation, type, detail, sequence, total, sent[peer], length);
        if (length > 0) {
            transfer.copyOut(peer, sent[peer], buffer, encoder.payloadAt(), length);
        }
        encoder.seal();
    }

    @Override
    public void onFrame(DirectBuffer buffer, int index, int frameLength) {
        if (!session.accept(decoder, stream, members[peer], buffer, index, frameLength)) {
            return;
        }
        if (!matches()) {
            throw session.fail(ErrorKind.BUG, mismatch());
        }
        if (decoder.payloadLength() > 0) {
            transfer.copyIn(peer, received[peer], buffer, decoder.payloadAt(), decoder.payloadLength());
        }
        received[peer] += decoder.payloadLength();
        receivedAll[peer] = received[peer] == decoder.total();
    }

    private boolean matches() {
        return decoder.operation() == operation
                && decoder.sequence() == sequence
                && decoder.type() == type
                && decoder.detail() == detail
                && decoder.total() == transfer.receiveTotal(peer)
                && decoder.offset() == received[peer]
                && decoder.payloadLength() == transfer.receiveLength(peer, received[peer], maxPayload);
    }

    private String mismatch() {
        return "ranks disagree on what to do: rank " + members[peer] + " at " + transport.address(members[peer])
                + " sent " + decoder.operation() + " #" + decoder.sequence() + " on " + stream + " ("
                + decoder.type() + ", detail " + decoder.detail() + ", bytes [" + decoder.offset() + ", +"
                + decoder.payloadLength() + ") of " + decoder.total() + "), but this rank is in " + operation + " #"
                + sequence + " (" + type + ", detail "
                + detail + ", bytes from " + received[peer] + " of " + transfer.receiveTotal(peer)
                + "); every rank must call the same operations with the same sizes in the same order";
    }

    @Override
    public boolean needs(int rank) {
        for (int i = 0; i < members.length; i++) {
            if (members[i] == rank) {
                return !sentAll[i] || !receivedAll[i];
            }
        }
        return false;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder("waiting for");
        for (int i = 0; i < members.length; i++) {
            if (!sentAll[i] || !receivedAll[i]) {
                text.append(" rank ").append(members[i]).append(" at ").append(transport.address(members[i]));
                text.append(" (sent ").append(sent[i]).append(" of ").append(transfer.sendTotal(i));
                text.append(", received ").append(received[i]).append(" of ").append(transfer.receiveTotal(i));
                text.append(" bytes)");
            }
        }
        return text.toString();
    }
}
