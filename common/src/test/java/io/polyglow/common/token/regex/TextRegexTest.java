package io.polyglow.common.token.regex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code PreTokenStepsOracleTest} does not compare: time, bytes that are not UTF-8, and what is refused. */
class TextRegexTest {
    @Test
    void shouldCutIntoMatchesAndWhatIsBetween() {
        assertThat(parts("b+|d", "aabbcd")).containsExactly("aa", "<bb>", "c", "<d>");
    }

    @Test
    void shouldLookNoFurtherThanItsRange() {
        byte[] text = "xa1x".getBytes(StandardCharsets.UTF_8);
        List<Integer> ends = new ArrayList<>();

        TextRegex.of("(?<!x)a(?!\\d)").cut(text, 1, 2, (end, isMatch) -> ends.add(isMatch ? end : -end));

        assertThat(ends).containsExactly(2);
    }

    @Test
    void shouldTakeAByteThatIsNotUtf8ForACharacterWithoutProperties() {
        byte[] text = {'a', (byte) 0xE4, (byte) 0xB8, (byte) 0xFF, 'b'};
        List<Integer> ends = new ArrayList<>();

        TextRegex.of("\\w|[^\\p{L}\\s]+").cut(text, 0, text.length, (end, isMatch) -> ends.add(isMatch ? end : -end));

        assertThat(ends).containsExactly(1, 4, 5);
    }

    /** A backtracking engine would take forever, go quadratic, or run out of stack. */
    @ParameterizedTest
    @ValueSource(strings = {"(a+)+$|b", "a*b|a", "(?:a|aa)+c|a", "(?:a|b)*c|aaaa", "(?:[^c]|a)*?c", "a{1,500}b|aa"})
    @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldBeLinearWhateverTheExpression(String regex) {
        byte[] text = "a".repeat(1_000_000).getBytes(StandardCharsets.UTF_8);
        long[] end = new long[1];

        TextRegex.of(regex).cut(text, 0, text.length, (partEnd, isMatch) -> end[0] = partEnd);

        assertThat(end[0]).isEqualTo(text.length);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            value = {
                "(a)\\1; \\1",
                "(?>a|b); atomic group",
                "(?:ab)++; possessive quantifier of a group",
                "(a*)*; repetition of what may be empty",
                "a**; quantifier of a quantifier",
                "(?=ab); anything but one character",
                "(?<=a|bc); anything but one character",
                "(?i)a; option other than",
                "(?x: a ); option other than",
                "(?i:\\p{L}); where case is ignored",
                "(?i:é); where case is ignored",
                "(?i:st); where case is ignored",
                "\\X; \\X",
                "\\K; \\K",
                "\\Z; \\Z",
                "\\p{Klingon}; the property Klingon",
                "[[:upper:]]; the property upper",
                "[z-a]; range",
                "[]a]; empty class",
                "[a; end where something must follow",
                "(a; ( without its )",
                "a); ) without its (",
                "*a; quantifier of nothing",
                "a{2000}; more than 1000",
                "(?:a{1000}){1000}; more than 4096 steps",
                "(?:a|b)*a(?:a|b){15}; more than 4096 states",
                "\\x{110000}; no code point"
            })
    void shouldRefuseByNameWhatItDoesNotKnow(String regex, String name) {
        assertThatThrownBy(() -> TextRegex.of(regex))
                .isInstanceOf(RegexProblem.class)
                .hasMessageContaining(name);
    }

    private static List<String> parts(String regex, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> parts = new ArrayList<>();
        int[] start = new int[1];
        TextRegex.of(regex).cut(utf8, 0, utf8.length, (end, isMatch) -> {
            String part = new String(utf8, start[0], end - start[0], StandardCharsets.UTF_8);
            parts.add(isMatch ? "<" + part + ">" : part);
            start[0] = end;
        });
        return parts;
    }
}
