package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepsTest {
    private static final Steps PLANNED = new Steps(5, 20);

    @Test
    void shouldTakeAllStepsWhenTheyFit() {
        assertThat(PLANNED.within(300, 12)).isEqualTo(PLANNED);
        assertThat(PLANNED.within(Double.POSITIVE_INFINITY, 1e9)).isEqualTo(PLANNED);
    }

    @Test
    void shouldTakeFewerOfBothKindsWhenTheyDoNot() {
        assertThat(PLANNED.within(300, 24)).isEqualTo(new Steps(2, 10));
    }

    @Test
    void shouldTimeAtLeastTwoStepsHoweverLongTheyTake() {
        assertThat(PLANNED.within(300, 1000)).isEqualTo(new Steps(1, 2));
        assertThat(new Steps(0, 1).within(300, 1000)).isEqualTo(new Steps(0, 1));
    }
}
