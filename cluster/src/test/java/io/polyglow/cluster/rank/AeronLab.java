package io.polyglow.cluster.rank;

import io.polyglow.cluster.collectives.ClosingCollectives;
import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.TrainLab;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Schedule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What ranks train with in production, for {@link TrainLab}: Aeron in shared memory, the real collectives, the real schedules. */
final class AeronLab {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private AeronLab() {}

    static TrainLab.Machinery machinery(TrainConfig config) {
        Schedule schedule = PipelineSchedules.named(config.layout().schedule());
        return new TrainLab.Machinery(links(config, schedule), schedule, TrainLab.Machinery.engines(config));
    }

    private static List<RankLinks> links(TrainConfig config, Schedule schedule) {
        ParallelLayout layout = config.layout().grid();
        if (layout.worldSize() == 1) {
            return List.of(RankLinks.single());
        }
        int microBatches = config.batch().microBatches() / layout.data();
        int floats = config.batch().micro()
                * config.model().context()
                * config.model().channels();
        LinkPlan plan = new LinkPlan(
                layout,
                config.model().tied(),
                1,
                1,
                floats * Float.BYTES,
                schedule.inFlight(0, layout.pipeline(), microBatches));
        List<RankLinks> links = new ArrayList<>();
        Patience patience = new Patience(DEADLINE, DEADLINE, () -> false);
        for (AeronLinks.Connected rank : AeronLinks.connect(plan, Medium.MEMORY, AeronOptions.defaults(), patience)) {
            links.add(closing(rank.links(), rank.transport()));
        }
        return links;
    }

    /** The transport leaves with the last of its links. */
    private static RankLinks closing(RankLinks links, RankTransport transport) {
        return new RankLinks(
                links.rank(),
                links.layout(),
                new ClosingCollectives(links.world(), transport::close),
                links.replicas(),
                links.previous(),
                links.next(),
                links.shared());
    }
}
