package io.polyglow.trainer.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class InMemoryLinksTest {
    @Nested
    class InMemoryCollectivesTest extends CollectivesContractTest {
        @Override
        protected List<Collectives> open(int size, Duration deadline) {
            return InMemoryCollectives.open("test", size, deadline);
        }
    }

    @Nested
    class InMemoryStageLinkTest extends StageLinkContractTest {
        @Override
        protected List<StageLink> open(int maxInFlight, int maxBytes, Duration deadline) {
            return InMemoryStageLink.open(maxInFlight, deadline);
        }
    }

    @Nested
    class SingleRankTest {
        @Test
        void shouldCopyWhenAlone() {
            RankLinks links = RankLinks.single();
            UnsafeBuffer out = new UnsafeBuffer(new byte[8]);
            links.replicas()
                    .reduceScatter(
                            new DirectBuffer[] {new UnsafeBuffer(new byte[] {1, 2, 3, 4, 5, 6, 7, 8})},
                            new SumTree(4, 1),
                            new int[] {0, 2},
                            out);
            assertThat(out.getByte(7)).isEqualTo((byte) 8);
        }
    }
}
