package io.polyglow.common.rng;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RandomStreamTest {
    private static final int DRAWS = 200_000;

    /** The known-answer vectors published with Random123. */
    @Test
    void shouldMatchThePublishedPhiloxVectors() {
        assertPhilox(0L, 0L, 0L, 0xE169C58D6627E8D5L, 0x9B00DBD8BC57AC4CL);
        assertPhilox(-1L, -1L, -1L, 0x41C83B0E408F276DL, 0x6D5451FDA20BC7C6L);
        assertPhilox(
                0x299F31D0A4093822L,
                0x85A308D3243F6A88L,
                0x0370734413198A2EL,
                0x94FDCCEBD16CFE09L,
                0x24126EA15001E420L);
    }

    private static void assertPhilox(long key, long low, long high, long first, long second) {
        long[] out = new long[2];
        Philox.block(key, low, high, out);
        assertThat(out).containsExactly(first, second);
    }

    @Test
    void shouldKeepItsGoldenValues() {
        RandomStream stream = RandomStream.of(42, "golden", 7);
        assertThat(Long.toHexString(stream.nextLong())).isEqualTo("f776f2b6ea0702d");
        assertThat(stream.nextInt(1000)).isEqualTo(993);
        assertThat(Double.toHexString(stream.nextDouble())).isEqualTo("0x1.3e366d2d6c24cp-2");
        assertThat(Double.toHexString(stream.nextGaussian())).isEqualTo("-0x1.e1a4f6fbc43e2p-4");
        assertThat(Long.toHexString(RandomStream.of(-1, "golden", 7).nextLong()))
                .isEqualTo("4d07e7a25a5b2f9f");
        assertThat(Long.toHexString(RandomStream.of(42, "Golden", 7).nextLong()))
                .isEqualTo("aef890b36700f453");
        assertThat(Long.toHexString(RandomStream.of(42, "golden", 8).nextLong()))
                .isEqualTo("7688b8d5721773ec");
    }

    @Property(tries = 200)
    void shouldGiveTheSameWordWhenSoughtOrReached(@ForAll long seed, @ForAll @IntRange(max = 500) int index) {
        RandomStream reached = RandomStream.of(seed, "seek", 3);
        for (int i = 0; i < index; i++) {
            reached.nextLong();
        }
        RandomStream sought = RandomStream.of(seed, "seek", 3);
        sought.seek(index);
        assertThat(sought.nextLong()).isEqualTo(reached.nextLong());
        assertThat(sought.nextLong()).isEqualTo(reached.nextLong());
    }

    @Property(tries = 500)
    void shouldStayInBounds(@ForAll @IntRange(min = 1) int bound, @ForAll @LongRange(min = 0) long step) {
        RandomStream stream = RandomStream.of(1, "bounds", step);
        assertThat(stream.nextInt(bound)).isBetween(0, bound - 1);
        assertThat(stream.nextDouble()).isGreaterThanOrEqualTo(0.0).isLessThan(1.0);
        assertThat(stream.nextGaussian()).isFinite();
    }

    @Test
    void shouldBeUniform() {
        RandomStream stream = RandomStream.of(5, "uniform", 0);
        int[] counts = new int[10];
        double sum = 0;
        for (int i = 0; i < DRAWS; i++) {
            counts[stream.nextInt(10)]++;
            sum += stream.nextDouble();
        }
        for (int count : counts) {
            assertThat((double) count).isCloseTo(DRAWS / 10.0, within(5 * StrictMath.sqrt(DRAWS * 0.09)));
        }
        assertThat(sum / DRAWS).isCloseTo(0.5, within(5 / StrictMath.sqrt(12.0 * DRAWS)));
    }

    @Test
    void shouldHaveTheMomentsOfANormal() {
        RandomStream stream = RandomStream.of(5, "normal", 0);
        double[] moments = new double[5];
        for (int i = 0; i < DRAWS; i++) {
            double x = stream.nextGaussian();
            for (int power = 1; power <= 4; power++) {
                moments[power] += StrictMath.pow(x, power) / DRAWS;
            }
        }
        assertThat(moments[1]).isCloseTo(0, within(0.012));
        assertThat(moments[2]).isCloseTo(1, within(0.02));
        assertThat(moments[3]).isCloseTo(0, within(0.05));
        assertThat(moments[4]).isCloseTo(3, within(0.15));
    }

    @Test
    void shouldNotShareWordsBetweenNeighbouringStreams() {
        long sameBits = 0;
        for (int step = 0; step < 1000; step++) {
            sameBits += Long.bitCount(~(RandomStream.of(1, "a", step).nextLong()
                    ^ RandomStream.of(1, "a", step + 1).nextLong()));
        }
        assertThat((double) sameBits).isCloseTo(32_000, within(5 * StrictMath.sqrt(64_000 / 4.0)));
    }

    @Test
    void shouldRefuseAnEmptyRange() {
        assertThatThrownBy(() -> RandomStream.of(1, "a", 0).nextInt(0)).hasMessageContaining("bound 0");
    }
}
