package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.token.PreTokenPattern;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PreTokenCounterTest {
    private final PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);

    /** Encoding would cut "\n\n\nb" as "\n\n", "\n", "b". */
    @Test
    void shouldCutLineByLineWhenWhiteSpaceSpansLines() {
        add("a\n\n\nb a");
        assertThat(drain()).isEqualTo(Map.of("a", 1L, " a", 1L, "b", 1L, "\n", 3L));
    }

    @Test
    void shouldKeepTheLineFeedWithTheSpacesBeforeIt() {
        add("x  \ny");
        assertThat(drain()).isEqualTo(Map.of("x", 1L, "  \n", 1L, "y", 1L));
    }

    @Test
    void shouldForgetWhenDrained() {
        add("a b");
        assertThat(counter.size()).isEqualTo(2);
        drain();
        assertThat(counter.size()).isZero();
        add("a");
        assertThat(drain()).isEqualTo(Map.of("a", 1L));
    }

    @Test
    void shouldCountOnlyTheGivenRange() {
        byte[] utf8 = "xx yy zz".getBytes(StandardCharsets.UTF_8);
        counter.add(utf8, 3, 2);
        assertThat(drain()).isEqualTo(Map.of("yy", 1L));
    }

    @Test
    void shouldCountOnWhenItsTablesGrow() {
        Map<String, Long> expected = new TreeMap<>();
        for (int i = 0; i < 40_000; i++) {
            String word = Integer.toString(i * 7919 % 9973, 36).replaceAll("[0-9]", "é");
            add(word + "\n");
            expected.merge(word, 1L, Long::sum);
            expected.merge("\n", 1L, Long::sum);
        }
        assertThat(drain()).isEqualTo(expected);
        add("again");
        assertThat(drain()).isEqualTo(Map.of("again", 1L));
    }

    private void add(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        counter.add(utf8, 0, utf8.length);
    }

    private Map<String, Long> drain() {
        Map<String, Long> counts = new TreeMap<>();
        counter.drainTo((preToken, count) -> counts.put(new String(preToken, StandardCharsets.UTF_8), count));
        return counts;
    }
}
