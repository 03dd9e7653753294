package io.polyglow.cluster.failure;

import io.polyglow.cluster.transport.InMemoryNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.SystemNanoClock;

/** Sessions of all ranks over an in-memory network, as after the handshake. */
public final class Sessions {
    private static final int RUN = 77;

    private Sessions() {}

    public static List<Session> open(InMemoryNetwork network, int size, Duration deadline) {
        return open(network, size, deadline, () -> false);
    }

    public static List<Session> open(InMemoryNetwork network, int size, Duration deadline, BooleanSupplier cancelled) {
        List<Session> sessions = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            sessions.add(open(network, rank, size, 1, new Patience(deadline, deadline, cancelled)));
        }
        return sessions;
    }

    public static Session open(InMemoryNetwork network, int rank, int size, int epoch, Patience patience) {
        Session session = new Session(network.transport(rank), RUN, epoch, patience, SystemNanoClock.INSTANCE);
        for (int peer = 0; peer < size; peer++) {
            if (peer != rank) {
                session.greeted(peer);
            }
        }
        return session;
    }

    /** Leaves without waiting for the others and closes the transport. */
    public static void close(Session session) {
        session.leave(0);
        session.transport().close();
    }
}
