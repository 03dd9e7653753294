package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostMemoryTest {
    @ParameterizedTest
    @CsvSource({"7, 7", "3k, 3072", "900m, 943718400", "16G, 17179869184", "8388607t, 9223370937343148032"})
    void shouldReadSizesAsPeopleWriteThem(String text, long bytes) {
        assertThat(HostMemory.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8388608t", "16777216t"})
    void shouldRefuseASizeThatCannotBeCounted(String text) {
        PolyglowException error = catchThrowableOfType(PolyglowException.class, () -> HostMemory.parse(text));

        assertThat(error.kind()).isEqualTo(ErrorKind.USAGE);
        assertThat(error).hasMessage("\"" + text + "\" is more bytes than can be counted");
    }

    @Test
    void shouldSayWhatASizeIs() {
        assertThat(catchThrowableOfType(PolyglowException.class, () -> HostMemory.parse("lots")))
                .hasMessageContaining("e.g. 16g");
    }
}
