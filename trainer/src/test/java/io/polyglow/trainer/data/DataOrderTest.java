package io.polyglow.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DataOrderTest {
    @Property(tries = 200)
    void shouldPermute(@ForAll @IntRange(min = 1, max = 5000) int size, @ForAll long seed) {
        Permutation permutation = new Permutation(size, RandomStream.of(seed, "test", 0));
        BitSet seen = new BitSet();
        for (int i = 0; i < size; i++) {
            seen.set(Math.toIntExact(permutation.apply(i)));
        }
        assertThat(seen.cardinality()).isEqualTo(size);
        assertThat(seen.length()).isEqualTo(size);
    }

    @Property(tries = 100)
    void shouldSeeEveryWindowOnceInEveryEpoch(
            @ForAll @IntRange(min = 1, max = 40) int T, @ForAll @IntRange(min = 1, max = 3000) int extra) {
        DataOrder order = new DataOrder("fingerprint", 3, T + extra, T);
        for (int epoch = 0; epoch < 3; epoch++) {
            long lowest = Long.MAX_VALUE;
            BitSet windows = new BitSet();
            for (long i = epoch * order.samplesPerEpoch(); i < (epoch + 1) * order.samplesPerEpoch(); i++) {
                long first = order.firstToken(i);
                assertThat(first).isBetween(0L, (long) extra - 1);
                lowest = Math.min(lowest, first);
                windows.set((int) (first / T));
            }
            assertThat(windows.cardinality()).isEqualTo((int) order.samplesPerEpoch());
            assertThat(lowest).as("phase").isLessThan(T);
        }
    }

    @Test
    void shouldNotDependOnWhatWasAskedBefore() {
        DataOrder one = new DataOrder("f", 1, 10_000, 16);
        DataOrder other = new DataOrder("f", 1, 10_000, 16);
        other.firstToken(5_000);
        for (long i = 700; i >= 0; i--) {
            assertThat(one.firstToken(i)).isEqualTo(other.firstToken(i));
        }
    }

    @Test
    void shouldDifferWhenSeedOrCorpusOrEpochDiffers() {
        DataOrder order = new DataOrder("f", 1, 100_000, 16);
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new DataOrder("f", 2, 100_000, 16), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new DataOrder("g", 1, 100_000, 16), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(order, order.samplesPerEpoch()));
    }

    private static List<Long> firstSamples(DataOrder order, long from) {
        return LongStream.range(from, from + 20).map(order::firstToken).boxed().toList();
    }

    @Test
    void shouldRefuseWhenNoWindowFits() {
        assertThatThrownBy(() -> new DataOrder("f", 1, 64, 64))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("64 tokens")
                .hasMessageContaining("65");
        assertThat(new DataOrder("f", 1, 65, 64).samplesPerEpoch()).isEqualTo(1);
    }
}
