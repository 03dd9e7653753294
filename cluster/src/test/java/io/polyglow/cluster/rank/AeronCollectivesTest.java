package io.polyglow.cluster.rank;

import io.polyglow.cluster.collectives.ClosingCollectives;
import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.CollectivesContractTest;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class AeronCollectivesTest extends CollectivesContractTest {
    Medium medium() {
        return Medium.MEMORY;
    }

    @Override
    protected List<Collectives> open(int size, Duration deadline) {
        LinkPlan plan = new LinkPlan(new ParallelLayout(size, 1), false, 1, 1, 0, 0);
        List<Collectives> group = new ArrayList<>();
        Patience patience = new Patience(deadline, deadline, () -> false);
        for (AeronLinks.Connected rank : AeronLinks.connect(plan, medium(), AeronOptions.defaults(), patience)) {
            group.add(new ClosingCollectives(rank.links().replicas(), rank::quit));
        }
        return group;
    }
}
