package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.dataprep.language.LanguageAccuracy.Confusion;
import org.junit.jupiter.api.Test;

class LanguageAccuracyTest {
    private final LanguageAccuracy accuracy = new LanguageAccuracy();

    @Test
    void shouldCountEachLanguageOnceWhateverItsNumberOfTexts() {
        add("deu", "deu", 9);
        add("deu", "nld", 1);
        add("nld", "nld", 1);
        add("nld", "afr", 1);

        assertThat(accuracy.macroAccuracy()).isCloseTo((0.9 + 0.5) / 2, within(1e-12));
        assertThat(accuracy.f1("deu")).isCloseTo(18.0 / 19, within(1e-12));
        assertThat(accuracy.f1("nld")).isCloseTo(0.5, within(1e-12));
        assertThat(accuracy.macroF1()).isCloseTo((18.0 / 19 + 0.5) / 2, within(1e-12));
        assertThat(accuracy.languages()).isEqualTo(2);
        assertThat(accuracy.texts()).isEqualTo(12);
    }

    @Test
    void shouldNameTheMostFrequentMistakesFirst() {
        add("nld", "afr", 2);
        add("deu", "gsw", 3);
        add("deu", "deu", 5);

        assertThat(accuracy.confusions(1)).containsExactly(new Confusion("deu", "gsw", 3));
        assertThat(accuracy.confusions(9)).hasSize(2);
    }

    @Test
    void shouldBeZeroWithoutTexts() {
        assertThat(accuracy.macroAccuracy()).isZero();
        assertThat(accuracy.macroF1()).isZero();
    }

    private void add(String expected, String answer, int texts) {
        for (int i = 0; i < texts; i++) {
            accuracy.add(expected, answer);
        }
    }
}
