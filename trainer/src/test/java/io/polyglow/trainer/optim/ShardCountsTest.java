package io.polyglow.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.optim.ShardPlan.Segment;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ShardCountsTest {
    @Property(tries = 200)
    void shouldCountWhatThePlanDeals(
            @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 5_000_000) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 9) int replicas) {
        long[] all = sizes.stream().mapToLong(Integer::longValue).toArray();
        ShardPlan plan = new ShardPlan(all, replicas);
        boolean[] odd = new boolean[all.length];
        for (int p = 1; p < odd.length; p += 2) {
            odd[p] = true;
        }
        ShardCounts counts = new ShardCounts(all, odd, replicas);
        for (int r = 0; r < replicas; r++) {
            List<Segment> owned = plan.segmentsOf(r);
            assertThat(counts.elements(r))
                    .isEqualTo(owned.stream().mapToLong(Segment::count).sum());
            assertThat(counts.marked(r))
                    .isEqualTo(owned.stream()
                            .filter(segment -> odd[segment.parameter()])
                            .mapToLong(Segment::count)
                            .sum());
            assertThat(counts.blocks(r))
                    .isEqualTo(owned.stream().mapToLong(Segment::blocks).sum());
        }
    }

    @Test
    @Timeout(5)
    void shouldCountTrillionsOfElementsAtOnce() {
        ShardCounts counts = new ShardCounts(new long[] {3, 1L << 42, 5}, new boolean[3], 4);
        assertThat(counts.size()).isEqualTo((1L << 42) + 8);
        assertThat(counts.elements(3)).isBetween((1L << 40) - ShardPlan.BUCKET, (1L << 40) + ShardPlan.BUCKET);
    }
}
