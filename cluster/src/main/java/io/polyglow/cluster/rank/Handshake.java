package io.polyglow.cluster.rank;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.polyglow.cluster.failure.Awaiting;
import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Wait;
import io.polyglow.cluster.transport.Transport;
import io.polyglow.cluster.wire.FrameDecoder;
import io.polyglow.cluster.wire.FrameEncoder;
import io.polyglow.cluster.wire.FrameLayout;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.PayloadType;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.NanoClock;

/**
 * The first frame of every link in each direction. It is as long as a frame may be, so a path that loses long datagrams shows now, and
 * it carries what both ends must agree on. Payload: world size, data, pipeline, longest frame (int32 each), config hash (int64), zeros.
 */
final class Handshake implements Awaiting {
    private static final int WORLD_AT = 0;
    private static final int DATA_AT = 4;
    private static final int PIPELINE_AT = 8;
    private static final int FRAME_AT = 12;
    private static final int CONFIG_AT = 16;
    private static final int FIELDS_BYTES = 24;

    private final Session session;
    private final Wait wait;
    private final Transport transport;
    private final LinkPlan plan;
    private final FrameEncoder encoder;
    private final FrameDecoder decoder = new FrameDecoder();
    private final boolean[][] toSend;
    private final boolean[][] toReceive;

    Handshake(Session session, LinkPlan plan) {
        this.session = session;
        this.wait = session.newWait(StreamKind.CONTROL, this);
        this.transport = session.transport();
        this.plan = plan;
        this.encoder = session.newEncoder();
        this.toSend = plan.linksOf(transport.rank());
        this.toReceive = plan.linksOf(transport.rank());
    }

    /** Returns when every link has been greeted in both directions. */
    void run(Duration timeout, NanoClock clock) {
        long deadlineNs = clock.nanoTime() + timeout.toNanos();
        wait.begin(Operation.HELLO, 0, 0);
        int open;
        do {
            open = 0;
            int work = 0;
            for (StreamKind stream : StreamKind.values()) {
                for (int peer = 0; peer < plan.layout().worldSize(); peer++) {
                    work += greet(stream, peer);
                    open += isOpen(stream, peer) ? 1 : 0;
                }
            }
            wait.turn(work);
            if (open > 0 && clock.nanoTime() - deadlineNs > 0) {
                throw session.fail(
                        ErrorKind.PEER_LOST, "no connection within " + timeout.toSeconds() + " s: " + describe());
            }
        } while (open > 0);
        wait.end();
    }

    private boolean isOpen(StreamKind stream, int peer) {
        return toSend[stream.code()][peer] || toReceive[stream.code()][peer];
    }

    private int greet(StreamKind stream, int peer) {
        int work = 0;
        if (toSend[stream.code()][peer]
                && transport.offer(
                        stream, peer, transport.maxFrameBytes(stream), (buffer, at) -> write(stream, buffer, at))) {
            toSend[stream.code()][peer] = false;
            work++;
        }
        if (toReceive[stream.code()][peer]
                && transport.poll(stream, peer, (buffer, at, length) -> read(stream, peer, buffer, at, length))) {
            work++;
        }
        return work;
    }

    private void write(StreamKind stream, MutableDirectBuffer buffer, int index) {
        int length = transport.maxFrameBytes(stream) - FrameLayout.HEADER_BYTES;
        encoder.begin(buffer, index, stream, Operation.HELLO, PayloadType.BYTES, 0, 0, length, 0, length);
        int at = encoder.payloadAt();
        buffer.setMemory(at, length, (byte) 0);
        buffer.putInt(at + WORLD_AT, plan.layout().worldSize(), LITTLE_ENDIAN);
        buffer.putInt(at + DATA_AT, plan.layout().data(), LITTLE_ENDIAN);
        buffer.putInt(at + PIPELINE_AT, plan.layout().pipeline(), LITTLE_ENDIAN);
        buffer.putInt(at + FRAME_AT, transport.maxFrameBytes(stream), LITTLE_ENDIAN);
        buffer.putLong(at + CONFIG_AT, plan.configHash(), LITTLE_ENDIAN);
        encoder.seal();
    }

    private void read(StreamKind stream, int peer, DirectBuffer buffer, int index, int length) {
        if (!session.accept(decoder, stream, peer, buffer, index, length)) {
            return;
        }
        if (decoder.operation() != Operation.HELLO) {
            session.obey(decoder);
            return;
        }
        if (decoder.payloadLength() < FIELDS_BYTES) {
            throw session.fail(ErrorKind.BUG, "rank " + peer + " sent a hello of only " + length + " bytes");
        }
        int at = decoder.payloadAt();
        agree(peer, "the number of ranks", plan.layout().worldSize(), buffer.getInt(at + WORLD_AT, LITTLE_ENDIAN));
        agree(peer, "layout.data", plan.layout().data(), buffer.getInt(at + DATA_AT, LITTLE_ENDIAN));
        agree(peer, "layout.pipeline", plan.layout().pipeline(), buffer.getInt(at + PIPELINE_AT, LITTLE_ENDIAN));
        agree(peer, "the frame length", transport.maxFrameBytes(stream), buffer.getInt(at + FRAME_AT, LITTLE_ENDIAN));
        agree(peer, "the hash of the config", plan.configHash(), buffer.getLong(at + CONFIG_AT, LITTLE_ENDIAN));
        toReceive[stream.code()][peer] = false;
        if (stream == StreamKind.CONTROL) {
            session.greeted(peer);
        }
    }

    private void agree(int peer, String what, long mine, long theirs) {
        if (mine != theirs) {
            throw session.fail(
                    ErrorKind.USAGE,
                    "rank " + peer + " at " + transport.address(peer) + " has " + what + " = " + theirs
                            + ", this rank has " + mine + "; start all ranks with the same configuration and build");
        }
    }

    @Override
    public boolean needs(int peer) {
        return false;
    }

    /** What is wrong, each time with the peers for which it is. */
    @Override
    public String describe() {
        Map<String, StringJoiner> peersByProblem = new LinkedHashMap<>();
        for (int peer = 0; peer < plan.layout().worldSize(); peer++) {
            List<StreamKind> open = open(peer);
            if (!open.isEmpty()) {
                peersByProblem
                        .computeIfAbsent(problem(open, peer), problem -> new StringJoiner(", "))
                        .add("rank " + peer + " at " + transport.address(peer) + " ("
                                + open.stream().map(StreamKind::toString).collect(Collectors.joining(" ")) + ")");
            }
        }
        StringJoiner text = new StringJoiner("; ");
        peersByProblem.forEach((problem, peers) -> text.add(problem + ": " + peers));
        return text.toString();
    }

    private List<StreamKind> open(int peer) {
        return Arrays.stream(StreamKind.values())
                .filter(stream -> isOpen(stream, peer))
                .toList();
    }

    /** Aeron takes a frame as soon as the other side has answered to a first datagram, and both of these are small. */
    private String problem(List<StreamKind> open, int peer) {
        return open.stream().anyMatch(stream -> toSend[stream.code()][peer])
                ? "not reachable (is it running, is this the address of the right network, and does UDP pass on all ports"
                        + " in both directions?)"
                : "reachable, but a frame of " + transport.maxFrameBytes(open.get(0))
                        + " bytes does not get through (have all interfaces and switches on the way the same MTU?)";
    }
}
