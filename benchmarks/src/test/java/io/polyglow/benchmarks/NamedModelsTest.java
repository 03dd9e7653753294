package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.polyglow.trainer.model.ParameterTable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamedModelsTest {
    @ParameterizedTest
    @CsvSource({"gpt2-124m, 124.4", "gpt2-1.5b, 1557.6", "llama-110m, 107.2", "small, 14.2"})
    void shouldHaveTheSizeThatTheNamePromises(String name, double millions) {
        assertThat(ParameterTable.size(NamedModels.of(name, 1024)) / 1e6).isCloseTo(millions, offset(0.1));
    }
}
