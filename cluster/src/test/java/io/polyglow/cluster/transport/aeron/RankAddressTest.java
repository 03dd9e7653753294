package io.polyglow.cluster.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankAddressTest {
    private static final RankAddress OURS = new RankAddress("[fe80::1]:4001", "b-1-2", "polyglow-1");

    @ParameterizedTest
    @ValueSource(strings = {"node7:40123", "[fe80::1]:40123/4fd8-1a-1/polyglow-402-17-r3-e2-1"})
    void shouldReadBackWhatItTells(String text) {
        assertThat(RankAddress.parse(text)).hasToString(text);
    }

    @Test
    void shouldRefuseAnAddressWithoutDriver() {
        assertThatThrownBy(() -> RankAddress.parse("node7:40123/4fd8-1a-1")).hasMessageContaining("node7:40123/4fd8");
    }

    @Test
    void shouldShareMemoryWithADriverInTheSameDirectoryOfTheSameHost() {
        assertThat(OURS.sharesMemoryWith(new RankAddress("[fe80::1]:4002", "b-1-2", "polyglow-2")))
                .isTrue();
    }

    @Test
    void shouldNotShareMemoryAcrossContainersHostsOrWithoutKnowingIt() {
        assertThat(OURS.sharesMemoryWith(new RankAddress("[fe80::1]:4002", "b-9-2", "polyglow-2")))
                .isFalse();
        assertThat(OURS.sharesMemoryWith(new RankAddress("[fe80::2]:4002", "b-1-2", "polyglow-2")))
                .isFalse();
        RankAddress unknown = new RankAddress("[fe80::1]:4002", "", "");
        assertThat(unknown.sharesMemoryWith(unknown)).isFalse();
    }
}
