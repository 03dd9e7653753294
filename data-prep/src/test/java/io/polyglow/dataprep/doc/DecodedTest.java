package io.polyglow.dataprep.doc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodedTest {
    @ParameterizedTest
    @CsvSource({
        "6162,      ab,        0",
        "ff,        \uFFFD,    1",
        "61c3,      a\uFFFD,   1",
        "e282,      \uFFFD,    1",
        "e28261,    \uFFFDa,   1",
        "c080,      \uFFFD\uFFFD, 2",
        "eda080,    \uFFFD,    1",
        "efbbbf61,  a,         0",
        "61efbbbf,  a,         1",
        "610062,    ab,        1",
        "f09f918d,  👍,        0"
    })
    void shouldReplaceEachMalformedPart(String hex, String text, int repairs) {
        assertThat(decode(HexFormat.of().parseHex(hex))).isEqualTo(new Decoded(text, repairs, 0));
    }

    @Test
    void shouldRepairLoneSurrogatesOfEscapedText() {
        assertThat(Decoded.chars("a\uD83Db\uDC4D👍")).isEqualTo(new Decoded("a\uFFFDb\uFFFD👍", 2, 0));
    }

    @Property
    void shouldAgreeWithTheJdkOnAnyBytes(@ForAll byte[] bytes) {
        String expected = new String(bytes, StandardCharsets.UTF_8).replaceAll("[\0\uFEFF]", "");
        assertThat(decode(bytes).text()).isEqualTo(expected);
    }

    private static Decoded decode(byte[] bytes) {
        return Decoded.utf8(bytes, 0, bytes.length);
    }
}
