package io.polyglow.cluster.rank;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.pipeline.ClosingStageLink;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.StageLinkContractTest;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

class AeronMessageLinkTest extends StageLinkContractTest {
    Medium medium() {
        return Medium.MEMORY;
    }

    @Override
    protected List<StageLink> open(int maxInFlight, int maxBytes, Duration deadline) {
        LinkPlan plan = new LinkPlan(new ParallelLayout(1, 2), false, 1, 1, maxBytes, maxInFlight);
        Patience patience = new Patience(deadline, deadline, () -> false);
        List<AeronLinks.Connected> ranks = AeronLinks.connect(plan, medium(), AeronOptions.defaults(), patience);
        return List.of(
                new ClosingStageLink(Objects.requireNonNull(ranks.get(0).links().next()), ranks.get(0)::quit),
                new ClosingStageLink(Objects.requireNonNull(ranks.get(1).links().previous()), ranks.get(1)::quit));
    }
}
