package io.polyglow.trainer.parallel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The links of all ranks of a layout, in one JVM. */
public final class InMemoryLinks {
    private InMemoryLinks() {}

    /** Links for every rank, in rank order; {@code maxInFlight} messages fit each stage link. */
    public static List<RankLinks> open(ParallelLayout layout, int maxInFlight, Duration deadline) {
        List<Collectives> world = InMemoryCollectives.open("world", layout.worldSize(), deadline);
        List<List<Collectives>> stages = new ArrayList<>();
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            stages.add(InMemoryCollectives.open("stage " + stage, layout.data(), deadline));
        }
        int last = layout.pipeline() - 1;
        StageLink[][] down = new StageLink[layout.pipeline()][layout.data()];
        StageLink[][] up = new StageLink[layout.pipeline()][layout.data()];
        StageLink[][] shared = new StageLink[layout.pipeline()][layout.data()];
        for (int replica = 0; replica < layout.data() && last > 0; replica++) {
            for (int stage = 0; stage < last; stage++) {
                List<StageLink> ends = InMemoryStageLink.open(maxInFlight, deadline);
                down[stage][replica] = ends.get(0);
                up[stage + 1][replica] = ends.get(1);
            }
            List<StageLink> ends = InMemoryStageLink.open(maxInFlight, deadline);
            shared[0][replica] = ends.get(0);
            shared[last][replica] = ends.get(1);
        }
        List<RankLinks> ranks = new ArrayList<>();
        for (int rank = 0; rank < layout.worldSize(); rank++) {
            int stage = layout.stage(rank);
            int replica = layout.replica(rank);
            ranks.add(new RankLinks(
                    rank,
                    layout,
                    world.get(rank),
                    stages.get(stage).get(replica),
                    up[stage][replica],
                    down[stage][replica],
                    shared[stage][replica]));
        }
        return ranks;
    }
}
