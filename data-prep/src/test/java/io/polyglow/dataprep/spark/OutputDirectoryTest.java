package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputDirectoryTest {
    @TempDir
    Path folder;

    /** Else all stages but the first would fail, once it is made. */
    @ParameterizedTest
    @ValueSource(strings = {"web[2026]", "a{b}/web", "web?", "we\\b", "*"})
    void shouldRefusePathsThatSparkReadsAsPatterns(String name) throws IOException {
        try (OutputDirectory output = OutputDirectory.at(folder + "/" + name, false)) {
            assertThatThrownBy(output::refusePattern)
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                    .hasMessageContaining(name + " has one of * ? [ ] { } \\ in its path");
        }
    }

    @Test
    void shouldTakeTheSlashesThatShellsPutBehindAName() throws IOException {
        try (OutputDirectory output = OutputDirectory.at(folder + "/web//", false)) {
            assertThat(output.published()).isEqualTo("web");
            assertThat(output.exists()).isFalse();
            output.refusePattern();
        }
    }
}
