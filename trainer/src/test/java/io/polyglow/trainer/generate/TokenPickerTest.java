package io.polyglow.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenPickerTest {
    /** Probabilities 0.4, 0.3, 0.2, 0.1 behind one number that belongs to another row. */
    private static final double[] LOGITS = {99, Math.log(0.2), Math.log(0.4), Math.log(0.1), Math.log(0.3)};

    @Test
    void shouldDrawTokensAsOftenAsTheirProbability() {
        assertThat(frequencies(1, 0, 1)).containsExactly(new double[] {0.2, 0.4, 0.1, 0.3}, within(0.015));
    }

    @Test
    void shouldSharpenWhenTemperatureIsLow() {
        double total = 0.04 + 0.16 + 0.01 + 0.09;
        assertThat(frequencies(0.5, 0, 1))
                .containsExactly(new double[] {0.04 / total, 0.16 / total, 0.01 / total, 0.09 / total}, within(0.015));
    }

    @Test
    void shouldKeepTheKLikeliestTokens() {
        assertThat(frequencies(1, 2, 1)).containsExactly(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, within(0.015));
        assertThat(frequencies(1, 1, 1)).containsExactly(0, 1, 0, 0);
        assertThat(frequencies(1, 100, 1)).containsExactly(new double[] {0.2, 0.4, 0.1, 0.3}, within(0.015));
    }

    @Test
    void shouldKeepTheNucleus() {
        assertThat(frequencies(1, 0, 0.65)).containsExactly(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, within(0.015));
        assertThat(frequencies(1, 0, 0.01)).containsExactly(0, 1, 0, 0);
        assertThat(frequencies(1, 3, 0.95)).containsExactly(new double[] {2 / 9.0, 4 / 9.0, 0, 3 / 9.0}, within(0.015));
    }

    @Test
    void shouldTakeTheLowestIdAmongEqualsWhenGreedy() {
        TokenPicker picker = new TokenPicker(Sampling.greedy(1, List.of()), 4);
        RandomStream random = RandomStream.of(1, "pick", 0);
        assertThat(picker.pick(LOGITS, 1, random)).isEqualTo(1);
        assertThat(picker.pick(new double[] {-3, -1, -1, -2}, 0, random)).isEqualTo(1);
    }

    @Test
    void shouldRefuseImpossibleSettings() {
        assertThatThrownBy(() -> new Sampling(1, List.of(), -1, 0, 1, 0))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("temperature = -1.0");
        assertThatThrownBy(() -> new Sampling(1, List.of(), 1, -1, 1, 0)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> new Sampling(1, List.of(), 1, 0, 0, 0)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> new Sampling(0, List.of(), 1, 0, 1, 0)).hasMessageContaining("max-tokens");
    }

    private static double[] frequencies(double temperature, int topK, double topP) {
        int draws = 20_000;
        TokenPicker picker = new TokenPicker(new Sampling(1, List.of(), temperature, topK, topP, 0), 4);
        RandomStream random = RandomStream.of(1, "pick", 0);
        double[] frequencies = new double[4];
        for (int i = 0; i < draws; i++) {
            frequencies[picker.pick(LOGITS, 1, random)] += 1.0 / draws;
        }
        for (int i = 0; i < 4; i++) {
            frequencies[i] = Math.round(frequencies[i] * draws) / (double) draws;
        }
        return frequencies;
    }
}
