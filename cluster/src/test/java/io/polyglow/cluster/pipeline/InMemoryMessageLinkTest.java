package io.polyglow.cluster.pipeline;

import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Sessions;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.StageLinkContractTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class InMemoryMessageLinkTest extends StageLinkContractTest {
    @Override
    protected List<StageLink> open(int maxInFlight, int maxBytes, Duration deadline) {
        InMemoryNetwork network = new InMemoryNetwork(2, 4096, 1);
        List<StageLink> ends = new ArrayList<>();
        for (Session session : Sessions.open(network, 2, deadline)) {
            int peer = 1 - session.transport().rank();
            ends.add(new ClosingStageLink(
                    new MessageLink(session, StreamKind.STAGE, peer, maxInFlight, maxBytes),
                    () -> Sessions.close(session)));
        }
        return ends;
    }
}
