package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreTokenPatternTest {
    /** Java's engine knows enough of the characters below to be a judge. */
    private static final Pattern REGEX = Pattern.compile(PreTokenPattern.GPT2.regex(), Pattern.UNICODE_CHARACTER_CLASS);

    @Property(tries = 5000)
    void shouldCutLikeTheRegexWhenCharactersAreMixed(@ForAll("texts") String text) {
        List<String> expected = new ArrayList<>();
        Matcher matcher = REGEX.matcher(text);
        while (matcher.find()) {
            expected.add(matcher.group());
        }
        assertThat(pieces(PreTokenPattern.GPT2, text)).isEqualTo(expected);
    }

    @Test
    void shouldCutLikeGpt2WhenSpacesRepeat() {
        assertThat(pieces(PreTokenPattern.GPT2, "Hello there       dear"))
                .containsExactly("Hello", " there", "      ", " dear");
        assertThat(pieces(PreTokenPattern.GPT2, "a\n\nb  ")).containsExactly("a", "\n", "\n", "b", "  ");
        assertThat(pieces(PreTokenPattern.GPT2, "I'd've 'sn")).containsExactly("I", "'d", "'ve", " '", "sn");
    }

    /** Hugging Face's {@code byte_level.rs} and {@code tests/offsets.rs}: where pre-tokens begin and end, in bytes. */
    @ParameterizedTest
    @CsvSource({
        "Hello there       dear, 0 5 11 17 22",
        "'Hello my friend, how is your day going?', 0 5 8 15 16 20 23 28 32 38 39",
        "'Hello there, how are you?', 0 5 11 12 16 20 24 25",
        "i⭢j, 0 1 4 5",
    })
    void shouldCutAtTheOffsetsOfHuggingFace(String text, String offsets) {
        int at = 0;
        StringBuilder found = new StringBuilder("0");
        for (String piece : pieces(PreTokenPattern.GPT2, text)) {
            at += piece.getBytes(StandardCharsets.UTF_8).length;
            found.append(' ').append(at);
        }
        assertThat(found).hasToString(offsets);
    }

    @Test
    void shouldTreatEachInvalidByteAsOneOtherCharacter() {
        byte[] bytes = {'a', (byte) 0xFF, (byte) 0xC3, 'b', ' ', (byte) 0xE4, (byte) 0xB8};
        assertThat(PreTokenPattern.GPT2.end(bytes, 0, bytes.length)).isEqualTo(1);
        assertThat(PreTokenPattern.GPT2.end(bytes, 1, bytes.length)).isEqualTo(3);
        assertThat(PreTokenPattern.GPT2.end(bytes, 4, bytes.length)).isEqualTo(7);
        assertThat(PreTokenPattern.CHAR.end(bytes, 5, bytes.length)).isEqualTo(6);
    }

    @Test
    void shouldCutCharactersWhenAskedTo() {
        assertThat(pieces(PreTokenPattern.named("char"), "a\n é中👋")).containsExactly("a", "\n", " ", "é", "中", "👋");
    }

    @Test
    void shouldRefuseAPatternThatItDoesNotKnow() {
        assertThatThrownBy(() -> PreTokenPattern.named("gpt4"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("gpt4")
                .hasMessageContaining("gpt2");
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.strings()
                .withChars("'strvelmd  \n\t\u00a0\u3000aé中1²Ⅷ٣.,-\u0301")
                .ofMaxLength(30);
    }

    private static List<String> pieces(PreTokenPattern pattern, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        for (int start = 0, end; start < utf8.length; start = end) {
            end = pattern.end(utf8, start, utf8.length);
            pieces.add(new String(utf8, start, end - start, StandardCharsets.UTF_8));
        }
        return pieces;
    }
}
