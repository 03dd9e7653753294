package io.polyglow.dataprep.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ExtractionScoreTest {
    @Test
    void shouldCountRunsOfFourTokens() {
        ExtractionScore score = new ExtractionScore();
        // true runs: abcd bcde; found: bcde cdef
        score.add("a b c d e", "b, c; d e f");

        assertThat(score.precision()).isEqualTo(0.5);
        assertThat(score.recall()).isEqualTo(0.5);
        assertThat(score.f1()).isEqualTo(0.5);
    }

    @Test
    void shouldTakeMeansOverPagesThatHaveText() {
        ExtractionScore score = new ExtractionScore();
        score.add("a b c d", "a b c d");
        score.add("a b c d", "");
        score.add("", "x");

        assertThat(score.pages()).isEqualTo(3);
        assertThat(score.precision()).isEqualTo(0.5);
        assertThat(score.recall()).isEqualTo(0.5);
    }

    @Test
    void shouldCountAShortTextAsOneRun() {
        ExtractionScore score = new ExtractionScore();
        score.add("ein Wort", "ein Wort");

        assertThat(score.f1()).isCloseTo(1, within(1e-12));
    }
}
