package io.polyglow.cluster.rank;

import io.polyglow.cluster.collectives.DirectCollectives;
import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Sessions;
import io.polyglow.cluster.pipeline.MessageLink;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.StageLink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

class InMemoryTwoThreadsTest extends TwoThreadsContractTest {
    private record InMemoryEnd(Session session, Collectives replicas, StageLink stage) implements End {
        @Override
        public void abort(String reason) {
            session.requestAbort(reason);
        }

        @Override
        public String flightRecord() {
            return session.flightRecord();
        }

        @Override
        public void close() {
            Sessions.close(session);
            stage.close();
        }
    }

    @Override
    List<Callable<End>> connectors() {
        InMemoryNetwork network = new InMemoryNetwork(GRID.worldSize(), 4096, 3);
        List<Callable<End>> connectors = new ArrayList<>();
        for (int i = 0; i < GRID.worldSize(); i++) {
            int rank = i;
            connectors.add(() -> connect(network, rank));
        }
        return connectors;
    }

    private static End connect(InMemoryNetwork network, int rank) {
        Patience patience = new Patience(PATIENCE, PATIENCE, () -> false);
        Session session = Sessions.open(network, rank, GRID.worldSize(), 1, patience);
        int stage = GRID.stage(rank);
        int[] members = {GRID.rank(stage, 0), GRID.rank(stage, 1)};
        int peer = GRID.rank(1 - stage, GRID.replica(rank));
        return new InMemoryEnd(
                session,
                new DirectCollectives(session, StreamKind.REPLICAS, members),
                new MessageLink(session, StreamKind.STAGE, peer, 1, MESSAGE_BYTES));
    }
}
