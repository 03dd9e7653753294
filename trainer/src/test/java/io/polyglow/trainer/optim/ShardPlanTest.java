package io.polyglow.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.optim.ShardPlan.Bucket;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ShardPlanTest {
    @Property(tries = 200)
    void shouldCoverEveryElementOnceInOrder(
            @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 3_000_000) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 9) int replicas) {
        ShardPlan plan =
                new ShardPlan(sizes.stream().mapToLong(Integer::longValue).toArray(), replicas);
        int parameter = 0;
        long next = 0;
        for (Bucket bucket : plan.buckets()) {
            assertThat(bucket.size()).isLessThanOrEqualTo(ShardPlan.LARGEST_BUCKET);
            int at = 0;
            for (int r = 0; r < replicas; r++) {
                assertThat(bucket.offsets()[r]).isEqualTo(at);
                for (Segment segment : bucket.slice(r)) {
                    if (next == sizes.get(parameter)) {
                        parameter++;
                        next = 0;
                    }
                    assertThat(segment.parameter()).isEqualTo(parameter);
                    assertThat(segment.from()).isEqualTo(next);
                    assertThat(segment.from() % ShardPlan.BLOCK).isZero();
                    next += segment.count();
                    at += segment.count();
                }
            }
            assertThat(bucket.size()).isEqualTo(at);
        }
        assertThat(parameter).isEqualTo(sizes.size() - 1);
        assertThat(next).isEqualTo(sizes.get(parameter).longValue());
    }

    @Test
    void shouldShareEvenlyWhenParameterIsLarge() {
        ShardPlan plan = new ShardPlan(new long[] {10_000_000}, 4);
        for (int r = 0; r < 4; r++) {
            long owned = plan.segmentsOf(r).stream().mapToLong(Segment::count).sum();
            assertThat(owned).isBetween(2_300_000L, 2_700_000L);
        }
    }
}
