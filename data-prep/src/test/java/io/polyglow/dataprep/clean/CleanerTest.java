package io.polyglow.dataprep.clean;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Document;
import io.polyglow.dataprep.doc.Document.LanguageSource;
import io.polyglow.dataprep.doc.RawDocument;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CleanerTest {
    private final Cleaner cleaner = new Cleaner(null);

    @Test
    void shouldComposeCharactersAndUnifyLineEndings() {
        Document document = cleaner.clean(raw("e\u0301\r\nb\rc\n\uAC00\u11A8", "fr"));

        assertThat(document.text()).isEqualTo("\u00e9\nb\nc\n\uAC01");
        assertThat(document.language()).isEqualTo("fr");
        assertThat(document.languageFrom()).isEqualTo(LanguageSource.METADATA);
    }

    @Test
    void shouldGiveEqualHashesExactlyToEqualNormalisedTexts() {
        assertThat(cleaner.clean(raw("e\u0301", null)).contentHash())
                .isEqualTo(cleaner.clean(raw("\u00e9", "fr")).contentHash());
        assertThat(cleaner.clean(raw("e", null)).contentHash())
                .isNotEqualTo(cleaner.clean(raw("\u00e9", null)).contentHash());
    }

    @ParameterizedTest
    @CsvSource({
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren., de, Latn",
        "Все люди рождаются свободными и равными в своем достоинстве и правах., ru, Cyrl",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。, ja, Jpan",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다., ko, Hang"
    })
    void shouldDetectLanguageAndScriptWithoutMetadata(String text, String language, String script) {
        Document document = cleaner.clean(raw(text, null));

        assertThat(document.language()).isEqualTo(language);
        assertThat(document.languageFrom()).isEqualTo(LanguageSource.DETECTED);
        assertThat(document.script()).isEqualTo(script);
    }

    @Test
    void shouldSayThatTheLanguageIsUnknownWhenTheDetectorIsNotSure() {
        Document document = cleaner.clean(raw("12345", "und"));

        assertThat(document.language()).isEqualTo("und");
        assertThat(document.languageFrom()).isEqualTo(LanguageSource.NONE);
        assertThat(document.script()).isEqualTo("Zyyy");
    }

    @Test
    void shouldTakeTheDefaultLanguageOnlyWhereNoneIsStated() {
        Cleaner english = new Cleaner("eng");

        assertThat(english.clean(raw("Alle Menschen", null)).language()).isEqualTo("en");
        assertThat(english.clean(raw("Alle Menschen", "de")).language()).isEqualTo("de");
    }

    @ParameterizedTest
    @CsvSource({
        "deu, de",
        "de_AT, de",
        "German, de",
        "cmn-Hant, zh-Hant",
        "cmn, zh",
        "iw, he",
        "zlm-Arab, zlm-Arab",
        "de-1901, de",
        "smn, smn",
        "uz-Cyrl, uz-Cyrl",
        "pt-BR, pt"
    })
    void shouldNormaliseLanguageLabels(String label, String tag) {
        assertThat(LanguageTag.normalize(label)).contains(tag);
    }

    @ParameterizedTest
    @CsvSource({"und", "zxx", "''", "-", "not a language", "Klingonese"})
    void shouldIgnoreLabelsThatNameNoLanguage(String label) {
        assertThat(LanguageTag.normalize(label)).isEmpty();
    }

    @Test
    void shouldRejectBlankTextsAndKeepTheReasonsOfReaders() {
        assertThat(cleaner.clean(raw(" \n\u3000", null)).rejected()).startsWith("empty");
        assertThat(RawDocument.rejected("f", 3, "malformed").location()).isEqualTo("f:3");
        assertThat(cleaner.clean(RawDocument.rejected("f", 3, "malformed")).rejected())
                .isEqualTo("malformed");
    }

    private static RawDocument raw(String text, @Nullable String language) {
        return new RawDocument("f", 1, null, language, text, 0, null);
    }
}
