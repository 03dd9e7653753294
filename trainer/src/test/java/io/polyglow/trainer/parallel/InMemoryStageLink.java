package io.polyglow.trainer.parallel;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A stage link between two threads: one bounded queue of copies in each direction. */
public final class InMemoryStageLink implements StageLink {
    private static final class Channel {
        final Queue<byte[]> messages = new ArrayDeque<>();
        final int capacity;
        final long deadlineNs;
        boolean closed;

        Channel(int capacity, Duration deadline) {
            this.capacity = capacity;
            this.deadlineNs = deadline.toNanos();
        }

        synchronized void put(byte[] message) {
            Deadline deadline = new Deadline(deadlineNs);
            while (messages.size() == capacity && !closed) {
                waitFor(deadline, "send of " + message.length + " bytes");
            }
            failIfClosed("send of " + message.length + " bytes");
            messages.add(message);
            notifyAll();
        }

        synchronized byte[] take(int length) {
            Deadline deadline = new Deadline(deadlineNs);
            while (messages.isEmpty()) {
                failIfClosed("receive of " + length + " bytes");
                waitFor(deadline, "receive of " + length + " bytes");
            }
            notifyAll();
            return messages.remove();
        }

        synchronized void close() {
            closed = true;
            notifyAll();
        }

        private void waitFor(Deadline deadline, String what) {
            if (!deadline.await(this)) {
                throw new PolyglowException(
                        ErrorKind.PEER_LOST, what + ": the deadline passed waiting for the peer stage");
            }
        }

        private void failIfClosed(String what) {
            if (closed) {
                throw new PolyglowException(ErrorKind.PEER_LOST, what + ": the peer stage closed the link");
            }
        }
    }

    private final Channel out;
    private final Channel in;

    private InMemoryStageLink(Channel out, Channel in) {
        this.out = out;
        this.in = in;
    }

    /** The two ends of a new link. */
    public static List<StageLink> open(int maxInFlight, Duration deadline) {
        Channel down = new Channel(maxInFlight, deadline);
        Channel up = new Channel(maxInFlight, deadline);
        return List.of(new InMemoryStageLink(down, up), new InMemoryStageLink(up, down));
    }

    @Override
    public void send(DirectBuffer buffer, int length) {
        byte[] copy = new byte[length];
        buffer.getBytes(0, copy);
        out.put(copy);
    }

    @Override
    public void receive(MutableDirectBuffer buffer, int length) {
        byte[] message = in.take(length);
        if (message.length != length) {
            throw new PolyglowException(
                    ErrorKind.BUG,
                    "expected a message of " + length + " bytes but the peer stage sent " + message.length);
        }
        buffer.putBytes(0, message);
    }

    @Override
    public void close() {
        out.close();
        in.close();
    }
}
