package io.polyglow.cluster.rank;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.StageLink;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

class AeronTwoThreadsTest extends TwoThreadsContractTest {
    Medium medium() {
        return Medium.MEMORY;
    }

    private record AeronEnd(RankTransport transport, RankLinks links) implements End {
        @Override
        public Collectives replicas() {
            return links.replicas();
        }

        @Override
        public StageLink stage() {
            return Objects.requireNonNull(links.stage() == 0 ? links.next() : links.previous());
        }

        @Override
        public void abort(String reason) {
            transport.abort(reason);
        }

        @Override
        public String flightRecord() {
            return transport.flightRecord();
        }

        @Override
        public void close() {
            transport.close();
            links.close();
        }
    }

    @Override
    List<Callable<End>> connectors() {
        int epoch = AeronLinks.nextEpoch();
        LinkPlan plan = new LinkPlan(GRID, false, 1, 1, MESSAGE_BYTES, 1);
        Patience patience = new Patience(PATIENCE, PATIENCE, () -> false);
        List<String> addresses = new ArrayList<>();
        List<Callable<End>> connectors = new ArrayList<>();
        for (int rank = 0; rank < GRID.worldSize(); rank++) {
            RankTransport transport = RankTransport.open("127.0.0.1", rank, epoch, GRID, AeronOptions.defaults());
            addresses.add(medium().address(transport.localAddress()));
            connectors.add(() -> new AeronEnd(transport, transport.connect(addresses, plan, patience)));
        }
        return connectors;
    }
}
