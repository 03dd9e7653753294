package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.SumTree;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RankTransportTest {
    private static final Patience PATIENCE = Patience.until(() -> false);

    @Test
    void shouldConnectAGridAndUseAllItsLinks() throws Exception {
        LinkPlan plan = new LinkPlan(new ParallelLayout(2, 2), true, 7, 42, 4096, 2);
        List<Throwable> failures = RankThreads.run(plan, AeronOptions.defaults(), PATIENCE, (transport, links) -> {
            useAll(links);
        });
        assertThat(failures).containsOnlyNulls();
    }

    private static void useAll(RankLinks links) {
        links.world().barrier();
        UnsafeBuffer partial = new UnsafeBuffer(new byte[400_000]);
        for (int i = 0; i < 100_000; i++) {
            partial.putFloat(4 * i, i * (links.replica() + 1));
        }
        UnsafeBuffer out = new UnsafeBuffer(new byte[200_000]);
        links.replicas()
                .reduceScatter(new DirectBuffer[] {partial}, new SumTree(2, 2), new int[] {0, 50_000, 100_000}, out);
        int base = links.replica() * 50_000;
        for (int i = 0; i < 50_000; i++) {
            assertThat(out.getFloat(4 * i)).isEqualTo(3f * (base + i));
        }
    }
}
