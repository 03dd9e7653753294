package io.polyglow.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LearningRateTest {
    @Test
    void shouldWarmUpThenFollowCosine() {
        LearningRate rate = new LearningRate(1.0, 0.1, 10, 110);
        assertThat(rate.at(1)).isEqualTo(0.1);
        assertThat(rate.at(10)).isEqualTo(1.0);
        assertThat(rate.at(60)).isEqualTo(0.55, within(1e-12));
        assertThat(rate.at(110)).isEqualTo(0.1);
        assertThat(rate.at(1_000_000)).isEqualTo(0.1);
    }

    @Test
    void shouldFallOnlyWhenWarm() {
        LearningRate rate = new LearningRate(3e-4, 3e-5, 0, 50);
        for (long step = 1; step < 50; step++) {
            assertThat(rate.at(step + 1)).isLessThan(rate.at(step));
        }
    }

    @Test
    void shouldClipOnlyWhenNormIsLarge() {
        AdamW adamW = new AdamW(0.9, 0.95, 1e-8, 0.1, 1);
        assertThat(adamW.clipScale(0.5)).isEqualTo(1);
        assertThat(adamW.clipScale(4)).isEqualTo(0.25, within(1e-6));
        assertThat(new AdamW(0.9, 0.95, 1e-8, 0.1, 0).clipScale(1e9)).isEqualTo(1);
    }
}
