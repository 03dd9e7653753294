package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.token.Tokenizers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FertilityTest {
    @Test
    void shouldCountTokensCharactersAndPartsOfCharacters() {
        Fertility fertility = new Fertility(Tokenizers.charactersAndBytes("ab中"));
        FertilityCounts counts = fertility.measure("ab中文");
        assertThat(counts).isEqualTo(new FertilityCounts(1, 8, 4, 6, 3, 0));
        assertThat(counts.plus(fertility.measure("a"))).isEqualTo(new FertilityCounts(2, 9, 5, 7, 3, 0));
        assertThat(counts.fragmentShare()).isEqualTo(0.5);
    }

    @Test
    void shouldComparePerCharacterOrByWholeTexts() {
        Map<String, FertilityCounts> languages = Map.of(
                "eng_Latn", counts(100, 25),
                "deu_Latn", counts(120, 40),
                "cmn_Hani", counts(30, 35));
        FertilityReport perCharacter = FertilityReport.of("f00", 512, List.of("xx", "eng_Latn"), languages, Map.of());
        assertThat(perCharacter.premium("eng_Latn")).isEqualTo(1);
        assertThat(perCharacter.premium("deu_Latn")).isCloseTo(40.0 / 120 * 4, within(1e-12));
        FertilityReport parallel = FertilityReport.of("f00", 512, List.of("eng_Latn"), languages, languages);
        assertThat(parallel.premium("cmn_Hani")).isCloseTo(1.4, within(1e-12));
        assertThat(parallel.dearestFirst()).containsExactly("deu_Latn", "cmn_Hani", "eng_Latn");
        byte[] json = Json.pretty(parallel.json()).getBytes(StandardCharsets.UTF_8);
        assertThat(FertilityReport.parse(Json.parseObject("f", json))).isEqualTo(parallel);
    }

    @Test
    void shouldRefuseATokenizerThatSomeLanguagesPayTooMuchFor() {
        Map<String, FertilityCounts> texts =
                Map.of("en", counts(100, 25), "my", counts(100, 200), "shn", counts(90, 260));
        FertilityReport report = FertilityReport.of("f00", 512, List.of("en"), texts, texts);
        report.requirePremiumsUpTo(10.5);
        assertThatThrownBy(() -> report.requirePremiumsUpTo(2))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContainingAll("2 of 3", "shn 10.40, my 8.00", "2.0 times", "vocab-size", "language-weights");
    }

    @Test
    void shouldAskForAReferenceWhenNoneIsThere() {
        FertilityReport report =
                FertilityReport.of("f00", 512, List.of("en"), Map.of("my", counts(100, 200)), Map.of());
        assertThat(report.premium("my")).isNaN();
        assertThat(report.json().get("reference")).isNull();
        assertThatThrownBy(() -> report.requirePremiumsUpTo(2))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("premium-reference");
    }

    /** A corpus of Chinese and English: a character of Chinese holds more, so only translations tell what it pays. */
    @Test
    void shouldCompareTranslationsWhenThereAreSome() {
        Map<String, FertilityCounts> corpus =
                Map.of("eng_Latn", counts(1000, 250), "cmn_Hani", counts(1000, 900), "und_Zyyy", counts(10, 10));
        Map<String, FertilityCounts> texts = Map.of(
                "eng_Latn", counts(400, 100),
                "cmn_Hani", counts(110, 120).plus(counts(112, 130)),
                "tha_Thai", counts(390, 900));
        FertilityReport perCharacter = FertilityReport.of("f00", 512, List.of("eng_Latn"), corpus, Map.of());
        FertilityReport report = FertilityReport.of("f00", 512, List.of("eng_Latn"), corpus, texts);
        assertThat(perCharacter.premium("cmn_Hani")).isCloseTo(3.6, within(1e-12));
        assertThat(report.premium("cmn_Hani")).isCloseTo(1.25, within(1e-12));
        assertThat(report.premium("und_Zyyy")).isNaN();
        assertThat(report.dearestFirst()).containsExactly("cmn_Hani", "eng_Latn", "und_Zyyy");
        assertThat(report.withoutParallelText()).containsExactly("und_Zyyy");
        assertThatThrownBy(() -> perCharacter.requirePremiumsUpTo(2)).hasMessageContaining("cmn_Hani 3.60");
        report.requirePremiumsUpTo(2);
        assertThatThrownBy(() -> report.requirePremiumsUpTo(1.2))
                .hasMessageContainingAll("1 of 2 languages", "cmn_Hani 1.25", "parallel texts");
        byte[] json = Json.pretty(report.json()).getBytes(StandardCharsets.UTF_8);
        assertThat(FertilityReport.parse(Json.parseObject("f", json))).isEqualTo(report);
    }

    @Test
    void shouldRefuseAByteLevelTokenizerThatLosesATextAnywhere() {
        FertilityCounts lost = new FertilityCounts(3, 30, 30, 10, 0, 2);
        Map<String, FertilityCounts> whole = Map.of("en", counts(100, 25));
        FertilityReport.of("f00", 512, List.of("en"), whole, whole).requireRoundTrips();
        assertThatThrownBy(() -> FertilityReport.of("f00", 512, List.of("en"), Map.of("my", lost), whole)
                        .requireRoundTrips())
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("[my]");
        assertThatThrownBy(() -> FertilityReport.of("f00", 512, List.of("en"), whole, Map.of("my", lost))
                        .requireRoundTrips())
                .hasMessageContaining("[my]");
    }

    private static FertilityCounts counts(long characters, long tokens) {
        return new FertilityCounts(1, characters, characters, tokens, 0, 0);
    }
}
