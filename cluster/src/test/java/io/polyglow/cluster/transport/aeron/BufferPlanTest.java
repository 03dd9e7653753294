package io.polyglow.cluster.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BufferPlanTest {
    private static final AeronOptions OPTIONS = AeronOptions.defaults();
    private static final long LOG_OF_1_MIB = 3 * (1 << 20) + 4096;

    @Test
    void shouldUseLongFramesAndSmallTermsOnOneHost() {
        assertThat(BufferPlan.of(true, OPTIONS)).isEqualTo(new BufferPlan(65504, 8192, 1 << 20, 64 << 10));
    }

    @Test
    void shouldUseTheNetworksFramesAndLargeTermsBetweenHosts() {
        assertThat(BufferPlan.of(false, OPTIONS)).isEqualTo(new BufferPlan(1408, 1408, 16 << 20, 64 << 10));
    }

    @Test
    void shouldCountThreeTermsAndTheirMetadataForALog() {
        assertThat(BufferPlan.of(true, OPTIONS).logBytes(2, 0)).isEqualTo(2 * LOG_OF_1_MIB);
        assertThat(BufferPlan.of(true, OPTIONS).logBytes(0, 1)).isEqualTo(3 * (64 << 10) + 4096);
    }

    @Test
    void shouldHalveTermsUntilTheyFit() {
        BufferPlan wanted = BufferPlan.of(false, OPTIONS);
        assertThat(wanted.shrunkTo(Long.MAX_VALUE, 10, 40)).isEqualTo(wanted);
        BufferPlan shrunk = wanted.shrunkTo(100 << 20, 10, 40);
        assertThat(shrunk.bulkTerm()).isEqualTo(2 << 20);
        assertThat(shrunk.bulkMtu()).isEqualTo(wanted.bulkMtu());
        assertThat(shrunk.logBytes(10, 40)).isLessThanOrEqualTo(100 << 20);
    }

    @Test
    void shouldKeepTermsEightFramesLong() {
        assertThat(BufferPlan.of(true, OPTIONS).shrunkTo(0, 1, 1).bulkTerm()).isEqualTo(512 << 10);
        assertThat(BufferPlan.of(false, OPTIONS).shrunkTo(0, 1, 1).bulkTerm()).isEqualTo(64 << 10);
    }
}
