package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LanguageWeightsTest {
    @Test
    void shouldRaiseSmallLanguagesToTheWantedShares() {
        Map<String, Long> bytes = Map.of("en", 1_000_000L, "de", 100_000L, "sw", 1_000L);
        LanguageWeights weights = LanguageWeights.of(bytes, 0.5, Map.of());
        assertThat(weights.of("en")).isEqualTo(256);
        // b^-0.5 relative to the largest: 10^0.5 and 1000^0.5
        assertThat(weights.of("de")).isEqualTo(Math.round(256 * Math.sqrt(10)));
        assertThat(weights.of("sw")).isEqualTo(Math.round(256 * Math.sqrt(1000)));
        assertThat(weights.of("unseen")).isEqualTo(256);
    }

    @Test
    void shouldMultiplyExplicitWeightsAndLeaveNobodyOut() {
        Map<String, Long> bytes = Map.of("en", 1_000_000L, "sw", 1_000L);
        LanguageWeights weights = LanguageWeights.of(bytes, 1, Map.of("sw", 3.0, "en", 1.0 / 1024));
        assertThat(weights.of("sw")).isEqualTo(768);
        assertThat(weights.of("en")).isEqualTo(1);
        assertThat(LanguageWeights.EQUAL.of("sw")).isEqualTo(1);
    }
}
