package io.polyglow.dataprep.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.language.Scripts;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleLinesTest {
    private static final SampleConfig CONFIG = SampleConfig.DEFAULT;

    @ParameterizedTest
    @CsvSource({
        "de, 3417, dreitausendvierhundertsiebzehn",
        "fr, 80, quatre-vingts",
        "zh, 417, 四百一十七",
        "th, 17, สิบเจ็ด",
        "tr, 0, sıfır"
    })
    void shouldSpellNumbersWithoutTypesetting(String language, long number, String words) {
        assertThat(Speller.require(language).number(number)).contains(words);
    }

    @Test
    void shouldKnowEveryLanguageWithRulesAndNoOther() {
        List<String> languages = Speller.languages();

        assertThat(languages)
                .hasSizeBetween(70, 90)
                .contains("de", "en", "sw", "km")
                .doesNotContain("eu", "zu", "und");
        Set<String> spelled = languages.stream()
                .map(tag -> Speller.require(tag).number(3417).orElseThrow())
                .collect(Collectors.toSet());
        assertThat(spelled).contains("three thousand four hundred seventeen").hasSizeGreaterThan(70);
        assertThatThrownBy(() -> Speller.require("eu"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("eu")
                .hasMessageContaining(" de ");
    }

    @Test
    void shouldFormatDatesAndCountries() {
        Speller german = Speller.require("de");

        assertThat(german.date(LocalDate.of(2024, 3, 17))).isEqualTo("Sonntag, 17. März 2024");
        assertThat(german.country("FR")).contains("Frankreich");
        assertThat(Speller.require("th").date(LocalDate.of(2024, 3, 17))).contains("2024");
    }

    @Test
    void shouldOfferEightLanguagesInFiveScriptsByDefault() {
        Set<String> scripts = CONFIG.languages().stream()
                .map(tag -> Scripts.dominant(Speller.require(tag).number(417).orElseThrow()))
                .collect(Collectors.toSet());

        assertThat(CONFIG.languages()).hasSizeGreaterThanOrEqualTo(8);
        assertThat(scripts).hasSizeGreaterThanOrEqualTo(5);
    }

    @Test
    void shouldHoldTheSameNumbersOutOfTrainingInAllLanguages() {
        Set<String> trained = new HashSet<>();
        Set<String> tested = new HashSet<>();
        for (String tag : CONFIG.languages()) {
            lines(tag, CONFIG).training().filter(SampleLinesTest::isNumber).forEach(line -> trained.add(line.key()));
            lines(tag, CONFIG).heldOut().forEach(line -> tested.add(line.key()));
        }

        assertThat(tested).hasSize(50).doesNotContainAnyElementsOf(trained);
        assertThat(trained).hasSizeBetween(880, 950).contains("0", "7", "99");
    }

    @Test
    void shouldDrawAFewNumbersFromALargeRange() {
        SampleConfig large = new SampleConfig(List.of("en"), 1_000_000_000_000L, 1000, 0.5, 20, 0, 0, 3);

        List<String> keys =
                lines("en", large).training().map(SampleLines.Line::key).toList();

        assertThat(keys).hasSize(1000).doesNotHaveDuplicates();
        assertThat(lines("en", large).heldOut().map(SampleLines.Line::key))
                .hasSize(20)
                .doesNotContainAnyElementsOf(keys);
    }

    @Test
    void shouldPromptWithoutTheSpaceThatBelongsToTheAnswersFirstWord() {
        SampleLines.Line line = lines("de", CONFIG).heldOut().findFirst().orElseThrow();

        assertThat(line.prompt()).isEqualTo("de | " + line.key() + " |");
        assertThat(line.text()).isEqualTo(line.prompt() + " " + line.answer());
    }

    @Property(tries = 50)
    void shouldOrderEveryNumberExactlyOnce(@ForAll @IntRange(min = 1, max = 3000) int size, @ForAll long seed) {
        NumberOrder order = new NumberOrder(size, seed);

        assertThat(LongStream.range(0, size)
                        .map(order::at)
                        .distinct()
                        .filter(n -> n >= 0 && n < size)
                        .count())
                .isEqualTo(size);
    }

    private static boolean isNumber(SampleLines.Line line) {
        return line.key().chars().allMatch(Character::isDigit);
    }

    private static SampleLines lines(String tag, SampleConfig config) {
        return new SampleLines(config, Speller.require(tag));
    }
}
