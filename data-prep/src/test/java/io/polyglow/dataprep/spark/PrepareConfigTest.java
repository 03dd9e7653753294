package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.split.SplitPlan.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PrepareConfigTest {
    private static final Path CONFIGS = Path.of(System.getProperty("polyglow.root"), "configs", "prepare");

    @Test
    void shouldLoadEveryShippedConfig() throws IOException {
        try (Stream<Path> files = Files.list(CONFIGS)) {
            assertThat(files).hasSizeGreaterThanOrEqualTo(4).allSatisfy(file -> assertThat(
                            ConfigFile.read(PrepareConfig.class, file, List.of())
                                    .value()
                                    .output())
                    .isNotBlank());
        }
    }

    @Test
    void shouldReadWhatTheShakespeareConfigSays() {
        PrepareConfig config = ConfigFile.read(PrepareConfig.class, CONFIGS.resolve("shakespeare-char.yaml"), List.of())
                .value();

        assertThat(config.tokenizer().pattern()).isEqualTo(PreTokenPattern.CHAR);
        assertThat(config.split().mode()).isEqualTo(Mode.CONTIGUOUS);
    }

    @Test
    void shouldCutAsGpt4DoesUnlessToldOtherwiseAndNameEveryPattern() {
        PrepareConfig config = ConfigFile.load(PrepareConfig.class, "x.yaml", "input: a\noutput: b\n", List.of())
                .value();
        assertThat(config.tokenizer().pattern()).isEqualTo(PreTokenPattern.CL100K);
        String reference = ConfigFile.reference(PrepareConfig.class);
        for (PreTokenPattern pattern : PreTokenPattern.values()) {
            assertThat(reference).containsPattern("not cross: .*\\b" + pattern + " \\(");
        }
    }

    @Test
    void shouldReportAllProblemsAtOnce() {
        assertThatThrownBy(() -> ConfigFile.load(
                        PrepareConfig.class,
                        "x.yaml",
                        "input: a\noutput: b\ntokenizer:\n  vocab-sise: 9\nsplit:\n  validation: 0.9\n",
                        List.of()))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("x.yaml:4")
                .hasMessageContaining("vocab-size")
                .hasMessageContaining("x.yaml:6");
    }

    @Test
    void shouldDescribeEveryKey() {
        assertThat(ConfigFile.reference(PrepareConfig.class).lines().filter(line -> !line.startsWith(" ")))
                .hasSize(ConfigFile.reference(PrepareConfig.class)
                        .lines()
                        .filter(line -> line.startsWith("    "))
                        .toList()
                        .size());
    }
}
