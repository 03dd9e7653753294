package io.polyglow.dataprep.doc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RejectionsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gopher-quality.words 5 < 50          | gopher-quality.words",
                "repetition.top-2-gram 0.31 > 0.2     | repetition.top-2-gram",
                "words: 1 < 3                         | words",
                "invalid JSON: line 3, column 7       | invalid JSON",
                "duplicate of 0123456789abcdef        | duplicate of 0123456789abcdef",
                "taken down                           | taken down"
            })
    void shouldCountReasonsByKindWithoutTheirNumbers(String reason, String kind) {
        assertThat(Rejections.kind(reason)).isEqualTo(kind);
    }
}
