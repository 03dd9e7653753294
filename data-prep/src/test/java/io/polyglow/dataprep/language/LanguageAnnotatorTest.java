package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.dataprep.language.LanguageAnnotation.Run;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguageAnnotatorTest {
    private static final String GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren.";
    private static final String ENGLISH =
            "They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.";
    private static final String RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах.";

    private final LanguageAnnotator annotator =
            new LanguageAnnotator(List.of(LanguageModels.bundled()), LanguageConfig.DEFAULTS);

    private static StatedLanguages stated(String label) {
        return new StatedLanguages(label, null, null);
    }

    @ParameterizedTest
    @CsvSource({
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren., deu_Latn",
        "Все люди рождаются свободными и равными в своем достоинстве и правах., rus_Cyrl",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。, jpn_Jpan",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다., kor_Hang",
        "Watu wote wamezaliwa huru hadhi na haki zao ni sawa., swh_Latn"
    })
    void shouldDetectLanguageAndScript(String text, String label) {
        LanguageAnnotation annotation = annotator.annotate(text, StatedLanguages.NONE);

        assertThat(annotation.label()).hasToString(label);
        assertThat(annotation.source()).isEqualTo(LanguageSource.DETECTED);
        assertThat(annotation.score()).isBetween(0.5, 1.0);
        assertThat(annotation.opinions().get(0))
                .isEqualTo(new Opinion("opennlp", annotation.label(), annotation.score()));
    }

    @Test
    void shouldBelieveAStatedLanguageAndStillKeepTheOpinions() {
        LanguageAnnotation annotation = annotator.annotate(GERMAN, stated("nds"));

        assertThat(annotation.label()).hasToString("nds_Latn");
        assertThat(annotation.source()).isEqualTo(LanguageSource.METADATA);
        assertThat(annotation.score()).isEqualTo(1);
        assertThat(annotation.opinions().get(0).label()).hasToString("deu_Latn");
    }

    @Test
    void shouldDecideAloneWhereStatedLanguagesAreNotTrusted() {
        LanguageConfig alone = new LanguageConfig(List.of("opennlp"), false, false, 0.1, 0.01);

        assertThat(new LanguageAnnotator(List.of(LanguageModels.bundled()), alone)
                        .annotate(GERMAN, stated("fr"))
                        .label())
                .hasToString("deu_Latn");
    }

    /** Templates of web sites claim en of pages in any language; a filter by score must still be able to see them. */
    @Test
    void shouldKeepWhatAPageClaimsAsAnOpinionAndNotBelieveIt() {
        LanguageAnnotation annotation = annotator.annotate(GERMAN, new StatedLanguages(null, "en-US", null));

        assertThat(annotation.label()).hasToString("deu_Latn");
        assertThat(annotation.source()).isEqualTo(LanguageSource.DETECTED);
        assertThat(annotation.score()).isEqualTo(annotation.opinions().get(0).score());
        assertThat(annotation.opinions())
                .last()
                .isEqualTo(new Opinion(
                        "page", LanguageLabel.parse("en").orElseThrow().writtenIn("Latn"), 1));
        assertThat(annotator
                        .annotate("12345", new StatedLanguages(null, "en", null))
                        .source())
                .isEqualTo(LanguageSource.NONE);
    }

    @Test
    void shouldBelievePagesWhereTheUserSaysSoAndTheConfigWhereTheInputSaysNothing() {
        LanguageConfig trusting = new LanguageConfig(List.of("opennlp"), true, true, 0.1, 0.01);
        LanguageAnnotator pages = new LanguageAnnotator(List.of(LanguageModels.bundled()), trusting);

        assertThat(answer(pages, "nds", "fr", "en")).isEqualTo("nds_Latn METADATA 1.0");
        assertThat(answer(pages, "und", "fr", "en")).isEqualTo("fra_Latn PAGE 1.0");
        assertThat(answer(pages, null, "?", "en")).isEqualTo("eng_Latn CONFIG 1.0");
        assertThat(answer(annotator, null, "fr", "en")).isEqualTo("eng_Latn CONFIG 1.0");
        assertThat(answer(annotator, "nds", "fr", "en")).isEqualTo("nds_Latn METADATA 1.0");
    }

    private static String answer(LanguageAnnotator annotator, @Nullable String metadata, String page, String config) {
        LanguageAnnotation annotation = annotator.annotate(GERMAN, new StatedLanguages(metadata, page, config));
        return annotation.label() + " " + annotation.source() + " " + annotation.score();
    }

    @Test
    void shouldSayUnknownWhereNoModelRecognisesAnything() {
        LanguageAnnotation annotation = annotator.annotate("12345 — 67", stated("und"));

        assertThat(annotation.label()).isEqualTo(LanguageLabel.UNKNOWN);
        assertThat(annotation.source()).isEqualTo(LanguageSource.NONE);
        assertThat(annotation.score()).isZero();
        assertThat(annotator.annotate("", StatedLanguages.NONE).runs()).isEmpty();
    }

    @Test
    void shouldKeepTheScriptOfLettersThatNoModelKnows() {
        assertThat(annotator.annotate("ᎠᏂᎦᏔᎲᎢ ᎤᎾᏓᏅᏖᏗ ᎨᏒᎢ", stated("")).label().toString())
                .endsWith("_Cher");
    }

    @Test
    void shouldMergeParagraphsOfOneLanguageIntoRuns() {
        String text = "\n" + GERMAN + "\n" + GERMAN + "\n\n" + RUSSIAN + "\n" + ENGLISH + "\n" + ENGLISH + "\n";

        LanguageAnnotation annotation = annotator.annotate(text, StatedLanguages.NONE);

        assertThat(annotation.runs())
                .extracting(run -> run.label() + " " + text.substring(run.start(), run.end()))
                .containsExactly(
                        "deu_Latn " + GERMAN + "\n" + GERMAN,
                        "rus_Cyrl " + RUSSIAN,
                        "eng_Latn " + ENGLISH + "\n" + ENGLISH);
        assertThat(annotation.runs()).extracting(Run::score).allMatch(score -> score > 0.5);
    }

    @Test
    void shouldJoinShortLinesButNotAcrossScripts() {
        String text = "eins\nzwei\nраз\nдва\n";

        assertThat(Paragraphs.of(text))
                .extracting(piece -> text.substring(piece[0], piece[1]))
                .containsExactly("eins\nzwei", "раз\nдва");
    }

    @Test
    void shouldBoundTheWorkOnLongTexts() {
        String text = ("a\n" + RUSSIAN + "\n").repeat(20_000);

        assertThat(Paragraphs.of(text)).hasSizeLessThanOrEqualTo(Paragraphs.MAX);
        assertThat(TextSample.of(text, 0, text.length(), 4096))
                .hasSizeBetween(3500, 4096 + 8)
                .doesNotContain("\n");
        assertThat(annotator.annotate(text, StatedLanguages.NONE).label()).hasToString("rus_Cyrl");
    }

    @Test
    void shouldSampleWholeCharactersOfTextsWithoutSpaces() {
        String sample = TextSample.of("𝔘".repeat(10_000), 1, 19_999, 4096);

        assertThat(sample.chars().filter(c -> c == ' ').count()).isEqualTo(8);
        assertThat(sample.replace(" ", "").codePoints().skip(1).limit(1900)).allMatch(c -> c == "𝔘".codePointAt(0));
    }

    @Test
    void shouldGiveTheSameAnswerAfterAnyOtherText() {
        LanguageAnnotation first = annotator.annotate(ENGLISH, StatedLanguages.NONE);
        annotator.annotate(RUSSIAN.repeat(100), StatedLanguages.NONE);

        assertThat(annotator.annotate(ENGLISH, StatedLanguages.NONE)).isEqualTo(first);
    }

    @Test
    void shouldNotLetMarksInLatinLettersDecideTheScriptOfAShortTextWhoseLanguageIsStated() {
        assertThat(annotator.annotate("zh | 7 | 七", stated("zh")).label()).hasToString("cmn_Hani");
        assertThat(annotator.annotate("ja | 7 | 七", stated("ja")).label()).hasToString("jpn_Jpan");
        assertThat(annotator
                        .annotate("Sva ljudska bića rađaju se slobodna i jednaka. Да.", stated("sr"))
                        .label())
                .hasToString("srp_Latn");
    }

    @Test
    void shouldAddUpTheScoresOfLabelsThatMeanTheSame() {
        Opinions opinions = new Opinions();
        opinions.add(LanguageLabel.parse("est").orElseThrow(), 0.4);
        opinions.add(LanguageLabel.parse("fin").orElseThrow(), 0.5);
        opinions.add(LanguageLabel.parse("ekk").orElseThrow(), 0.2);
        opinions.add(LanguageLabel.parse("deu").orElseThrow(), 0.001);

        List<Opinion> best = opinions.bestFirst("m", 0.01);

        assertThat(best).extracting(opinion -> opinion.label().language()).containsExactly("ekk", "fin");
        assertThat(best.get(0).score()).isCloseTo(0.6, within(1e-12));
    }

    @Test
    void shouldNameOnlyCanonicalLabelsOfTheBundledModel() {
        List<LanguageLabel> labels = LanguageModels.bundled().labels();

        assertThat(labels).hasSize(100).doesNotHaveDuplicates();
        assertThat(labels).allMatch(label -> label.language().matches("[a-z]{3}"));
        assertThat(labels)
                .extracting(label -> label.language().toUpperCase(Locale.ROOT))
                .contains("CMN", "SWH", "EKK");
    }
}
