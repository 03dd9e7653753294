package io.polyglow.cluster.collectives;

import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Sessions;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.CollectivesContractTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class InMemoryCollectivesTest extends CollectivesContractTest {
    @Override
    protected List<Collectives> open(int size, Duration deadline) {
        InMemoryNetwork network = new InMemoryNetwork(size, 4096, 1);
        List<Collectives> group = new ArrayList<>();
        for (Session session : Sessions.open(network, size, deadline)) {
            int[] members = IntStream.range(0, size).toArray();
            group.add(new ClosingCollectives(
                    new DirectCollectives(session, StreamKind.REPLICAS, members), () -> Sessions.close(session)));
        }
        return group;
    }
}
