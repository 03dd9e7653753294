package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void shouldTakeTheMiddleValueWhenTheNumberIsOdd() {
        assertThat(Spread.of(List.of(3.0, 1.0, 9.0))).isEqualTo(new Spread(1, 3, 9));
    }

    @Test
    void shouldTakeTheMeanOfTheMiddleTwoWhenTheNumberIsEven() {
        assertThat(Spread.of(List.of(4.0, 1.0, 2.0, 9.0))).isEqualTo(new Spread(1, 3, 9));
    }

    @Test
    void shouldRefuseWhenThereAreNoValues() {
        assertThatThrownBy(() -> Spread.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldSwapTheEndsWhenTheUnitFalls() {
        assertThat(new Spread(1, 2, 4).map(seconds -> 8 / seconds)).isEqualTo(new Spread(2, 4, 8));
    }
}
