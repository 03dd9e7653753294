package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguageLabelTest {
    @ParameterizedTest
    @CsvSource({
        "de, deu_Zyyy",
        "deu, deu_Zyyy",
        "ger, deu_Zyyy",
        "de_AT, deu_Zyyy",
        "de-1901, deu_Zyyy",
        "German, deu_Zyyy",
        "zh-Hant, cmn_Hani",
        "cmn-Hant-TW, cmn_Hani",
        "cmn, cmn_Zyyy",
        "Chinese, cmn_Zyyy",
        "iw, heb_Zyyy",
        "sh, srp_Latn",
        "sr-Latn-RS, srp_Latn",
        "uz-cyrl, uzn_Cyrl",
        "ko-Kore, kor_Hang",
        "ja, jpn_Zyyy",
        "no, nob_Zyyy",
        "nn, nno_Zyyy",
        "sw, swh_Zyyy",
        "ar-EG, arb_Zyyy",
        "pes, fas_Zyyy",
        "tl, fil_Zyyy",
        "smn, smn_Zyyy",
        "__label__de, deu_Zyyy",
        "__label__deu_Latn, deu_Latn",
        "__label__zho_Hans, cmn_Hani",
        "__label__zh, cmn_Zyyy",
        "pt-BR, por_Zyyy"
    })
    void shouldUnderstandCodesTagsNamesAndModelLabels(String label, String canonical) {
        assertThat(LanguageLabel.parse(label)).map(LanguageLabel::toString).contains(canonical);
    }

    @ParameterizedTest
    @CsvSource({
        "und",
        "zxx",
        "mul",
        "''",
        "-",
        "not a language",
        "Klingonese",
        "xx",
        "__label__zxx_Latn",
        "__label__und_Mong",
        "x-klingon",
        "i-klingon"
    })
    void shouldFindNoLanguageInLabelsThatNameNone(String label) {
        assertThat(LanguageLabel.parse(label)).isEmpty();
    }

    @Test
    void shouldFindNoLanguageWithoutALabel() {
        assertThat(LanguageLabel.parse(null)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "deu, Latn",
        "srp, Cyrl",
        "jpn, Jpan",
        "kor, Hang",
        "cmn, Hani",
        "yue, Hani",
        "swh, Latn",
        "arb, Arab",
        "hin, Deva",
        "qqq, Zyyy"
    })
    void shouldKnowTheUsualScriptOfALanguage(String language, String script) {
        assertThat(new LanguageLabel(language, Scripts.UNKNOWN).usualScript()).isEqualTo(script);
    }

    @Test
    void shouldTakeTheScriptOfTheLettersOverTheStatedOne() {
        LanguageLabel cyrillic = LanguageLabel.parse("uz-Cyrl").orElseThrow();

        assertThat(cyrillic.writtenIn("Latn")).hasToString("uzn_Latn");
        assertThat(cyrillic.writtenIn(Scripts.UNKNOWN)).hasToString("uzn_Cyrl");
        assertThat(LanguageLabel.parse("uz").orElseThrow().writtenIn(Scripts.UNKNOWN))
                .hasToString("uzn_Latn");
    }

    @ParameterizedTest
    @CsvSource({
        "Alle Menschen, Latn",
        "Все people люди, Cyrl",
        "すべての人間は平等, Jpan",
        "人人生而自由, Hani",
        "모든 인간은 大韓民國, Hang",
        "大韓民國은, Hani",
        "12:30 — 🙂, Zyyy",
        "ᠬᠦᠮᠦᠨ, Mong"
    })
    void shouldFindTheDominantScript(String text, String script) {
        assertThat(Scripts.dominant(text)).isEqualTo(script);
    }
}
