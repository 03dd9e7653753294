package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogitChunksTest {
    private static ModelConfig model(int vocabSize) {
        return new ModelConfig(
                1,
                1,
                0,
                8,
                0,
                vocabSize,
                8,
                0,
                Norm.LAYERNORM,
                Positions.LEARNED,
                Activation.GELU,
                true,
                true,
                10_000,
                1e-5);
    }

    @ParameterizedTest
    @CsvSource({
        "50257, 1024, 50304, 512, 2, 512",
        "50257, 1337, 50304, 446, 3, 445",
        "8192, 2048, 8192, 2048, 1, 2048",
        "50257, 32768, 50304, 4096, 8, 4096",
        "65, 7, 128, 7, 1, 7"
    })
    void shouldBoundTheLogitsThatExistAtOnceAndCoverEveryRow(
            int vocabSize, long rows, int columns, long chunkRows, int count, long last) {
        LogitChunks chunks = LogitChunks.of(model(vocabSize), rows);

        assertThat(chunks).isEqualTo(new LogitChunks(rows, chunkRows, columns));
        assertThat(chunks.count()).isEqualTo(count);
        assertThat(chunks.rowsOf(count - 1)).isEqualTo(last);
        long covered = 0;
        for (int i = 0; i < count; i++) {
            covered += chunks.rowsOf(i);
        }
        assertThat(covered).isEqualTo(rows);
    }
}
