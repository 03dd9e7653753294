package io.polyglow.dataprep.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Edits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts in the manner of the peers' own tests, each broken in one way. */
final class FilterTest {
    private static final String ENGLISH = "eng_Latn";
    private static final String PROSE =
            "The old bridge was closed that winter, and the people of the town had to walk for an hour to be with"
                    + " their families. Nobody complained, since all of them remembered the flood which had carried its"
                    + " predecessor away.";

    private final ThresholdCatalog catalog = ThresholdCatalog.builtIn();
    private final QualityAnnotator annotator = new QualityAnnotator(catalog);

    @Test
    void shouldCountWordsAndTheirLengthsAsGopherDoes() {
        QualityStats.WordStats words = measure("One # two ... three, 42 …").words();
        assertThat(words.count()).isEqualTo(8);
        assertThat(words.plain()).isEqualTo(4);
        assertThat(words.meanLength()).isEqualTo((3 + 3 + 5 + 2) / 4.0);
        assertThat(words.hashes()).isEqualTo(1 / 8.0);
        assertThat(words.ellipses()).isEqualTo(2 / 8.0);
        assertThat(words.alphabetic()).isEqualTo(3 / 8.0);
    }

    @Test
    void shouldMeasureRepetitionAsGopherDoes() {
        QualityStats.RepetitionStats short4 = measure("Here we go now").repetition();
        assertThat(short4.topNGrams()).containsExactly(7 / 14.0, 10 / 14.0, 14 / 14.0);
        assertThat(short4.duplicateNGrams()).containsOnly(0.0);
        assertThat(measure("You shall not pass.\n".repeat(4)).repetition().duplicateLines())
                .isEqualTo(3 / 5.0);
        assertThat(measure("You shall not pass.\n\n".repeat(4)).repetition().duplicateParagraphs())
                .isEqualTo(3 / 4.0);
        // five words, then the same again: one duplicate of five words without the spaces, and a window that straddles
        // both
        String twice = "one two three four five one two three four five";
        assertThat(measure(twice).repetition().duplicateNGrams().get(0)).isEqualTo(19.0 / twice.length());
    }

    @Test
    void shouldRejectShortTextsWithEveryReason() {
        assertThat(reasons("Too small...", ENGLISH))
                .contains("gopher-quality.words 2 < 50", "gopher-quality.stop-words 0 < 2")
                .anyMatch(reason -> reason.startsWith("gopher-repetition.top-2-gram"));
    }

    @Test
    void shouldRejectWordsTooShortAndTooLong() {
        assertThat(reasons("I am ".repeat(40), ENGLISH)).contains("gopher-quality.mean-word-length 1.5 < 3");
        assertThat(reasons("internationalisation ".repeat(60), ENGLISH))
                .contains("gopher-quality.mean-word-length 20 > 10");
        assertThat(reasons("I am ".repeat(40), "jpn_Jpan")).noneMatch(reason -> reason.contains("mean-word-length"));
    }

    @Test
    void shouldRejectSymbolsBulletsAndTrailingEllipses() {
        assertThat(reasons("# remark ".repeat(60), ENGLISH)).contains("gopher-quality.hashes 0.5 > 0.1");
        assertThat(reasons("... remark ".repeat(60), ENGLISH)).contains("gopher-quality.ellipses 0.5 > 0.1");
        assertThat(reasons("  - an item of a list\n".repeat(20), ENGLISH))
                .contains("gopher-quality.bullet-lines 1 > 0.9");
        assertThat(reasons("and so it goes…\n".repeat(20), ENGLISH)).contains("gopher-quality.ellipsis-lines 1 > 0.3");
        assertThat(reasons("plum <?> fig ++ 12 %& pear ".repeat(20), ENGLISH))
                .anyMatch(reason -> reason.startsWith("gopher-quality.alphabetic-words"));
    }

    @Test
    void shouldKeepProse() {
        assertThat(reasons((PROSE + " ").repeat(1) + other(1) + other(2) + other(3), ENGLISH))
                .isEmpty();
    }

    @Test
    void shouldRejectByTheScoreOfTheLanguage() {
        QualityStats stats = annotator.annotate(PROSE, "swh_Latn");
        assertThat(Filter.reasons(stats, 0.25, catalog.of("swh_Latn"))).contains("language-score 0.25 < 0.3");
        assertThat(Filter.reasons(stats, 0.35, catalog.of("swh_Latn"))).noneMatch(r -> r.startsWith("language-score"));
    }

    @Test
    void shouldJudgeLinesAsFineWebDoes() {
        QualityStats.FineWebStats stats =
                measure("Yes.\nno\n\n" + "x".repeat(40) + "。\nYes.").fineweb();
        assertThat(stats.lines()).isEqualTo(4);
        assertThat(stats.punctuated()).isEqualTo(0.75);
        assertThat(stats.shortLines()).isEqualTo(0.75);
        assertThat(stats.duplicateChars()).isEqualTo(4 / (double) (4 + 2 + 41 + 4));
        assertThat(stats.lineFeeds()).isEqualTo(4 / 7.0);
    }

    @Test
    void shouldDropLinesAsC4Does() {
        String text =
                """
                A line that stays here.
                Too short.
                No end mark in this line
                Please enable JavaScript for this page.
                This site uses cookies and more.

                It is said[3] that this stays too.
                """;
        Thresholds strict = with("c4:\n  on: true\n  min-sentences: 3\n");
        QualityStats stats = measure(text);
        assertThat(Edits.apply(text, Filter.edits(text, stats, strict)))
                .isEqualTo("A line that stays here.\nIt is said that this stays too.\n");
        assertThat(Filter.reasons(stats, 1, strict)).contains("c4.sentences 2 < 3");
        assertThat(Filter.edits(text, stats, with("c4:\n  on: false\n"))).isEmpty();
    }

    @Test
    void shouldRejectPlaceholdersAndCodeAsC4Does() {
        assertThat(reasons("Here is Lorem Ipsum for you.\n" + PROSE, ENGLISH)).contains("c4.lorem-ipsum");
        assertThat(reasons("Here is a { for you all.\n" + PROSE, ENGLISH)).contains("c4.curly-bracket");
        assertThat(reasons("{\n" + PROSE, ENGLISH)).doesNotContain("c4.curly-bracket");
    }

    @Test
    void shouldRejectDocumentsWithABadWordAsC4Does(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("en.txt"), "drat\nblast it\nBother\na+b\n\n");
        Files.writeString(directory.resolve("hi"), "क\n");
        ThresholdCatalog own = ThresholdCatalog.of(config("bad-words: " + directory));

        assertThat(badWords(own, "Drat! DRAT, drat_ drats xdrat ödrat 2drat", ENGLISH))
                .isEqualTo(2);
        assertThat(badWords(own, "blast it. Blast  it, blast\nit; a+b", ENGLISH))
                .isEqualTo(2);
        // the text is lower-cased and the list is not
        assertThat(badWords(own, "Bother, bother", ENGLISH)).isZero();
        // a vowel sign is a mark, and a mark is no part of a word
        assertThat(badWords(own, "कि क कक", "hin_Deva")).isEqualTo(2);
        assertThat(Filter.reasons(
                        new QualityAnnotator(own).annotate("drat and drat " + PROSE, ENGLISH), 1, own.of(ENGLISH)))
                .contains("c4.bad-words 2 > 0");
    }

    @Test
    void shouldFindBadWordsWithinOthersWhereWordsHaveNoSpaces(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("ja.txt"), "馬鹿\nsm\n");
        Files.writeString(directory.resolve("cmn_Hans.txt"), "坏\n性\n");
        ThresholdCatalog own = ThresholdCatalog.of(config("bad-words: " + directory));

        assertThat(badWords(own, "大馬鹿者, smsm", "jpn_Jpan")).isEqualTo(1);
        assertThat(badWords(own, "很坏性坏", "cmn_Hani")).isEqualTo(2);
        assertThat(badWords(own, "坏", "jpn_Jpan")).isZero();
    }

    @Test
    void shouldAskForBadWordsOnlyWhereThereIsAList(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("eng_Latn.txt"), "bridge\n");
        ThresholdCatalog own = ThresholdCatalog.of(config("bad-words: " + directory + "\nc4:\n  on: false\n"));

        assertThat(Filter.reasons(new QualityAnnotator(own).annotate(PROSE, ENGLISH), 1, own.of(ENGLISH)))
                .contains("c4.bad-words 1 > 0");
        assertThat(Filter.reasons(new QualityAnnotator(own).annotate(PROSE, "deu_Latn"), 1, own.of("deu_Latn")))
                .noneMatch(reason -> reason.startsWith("c4.bad"));
        assertThat(badWords(own, "bridge", "eng_Cyrl")).isEqualTo(-1);
        assertThat(measure(PROSE).c4().badWords()).isEqualTo(-1);
        assertThat(own.wordListsText()).contains("bridge").isNotEqualTo(catalog.wordListsText());
    }

    @Test
    void shouldRefuseAListThatNamesNoLanguage(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("notes-on-words.txt"), "drat\n");

        assertThatThrownBy(() -> ThresholdCatalog.of(config("bad-words: " + directory)))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("notes-on-words.txt");
    }

    private static int badWords(ThresholdCatalog catalog, String text, String label) {
        return new QualityAnnotator(catalog).annotate(text, label).c4().badWords();
    }

    @Test
    void shouldAskForLongLinesOnlyWhereSwitchedOn() {
        String text = "x".repeat(200) + "\n" + "y".repeat(199);
        assertThat(measure(text).lines().longLines()).isEqualTo(1);
        assertThat(Filter.reasons(measure(text), 1, with("mc4:\n  on: true\n"))).contains("mc4.long-lines 1 < 3");
        assertThat(reasons(text, ENGLISH)).noneMatch(reason -> reason.startsWith("mc4"));
    }

    @Test
    void shouldMeasureCharacters() {
        QualityStats.CharacterStats stats =
                measure("AB cd ٣4 https://a.b/c?d www.e.f x//y").characters();
        assertThat(stats.digits()).isCloseTo(2 / 37.0, within(1e-12));
        assertThat(stats.urls()).isCloseTo((15 + 7) / 37.0, within(1e-12));
        assertThat(stats.upperCase()).isCloseTo(2 / 20.0, within(1e-12));
    }

    @Test
    void shouldMeasureEmptyTexts() {
        assertThat(measure("").words().count()).isZero();
        assertThat(measure("\n\n").fineweb().lines()).isZero();
        assertThat(reasons("", ENGLISH)).contains("gopher-quality.words 0 < 50");
    }

    @Test
    void shouldPreferTheUsersValuesAndThoseForAllLanguages(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("swh_Latn.yaml"), "language-score: 0.4\ngopher-quality:\n  min-words: 7\n");
        Files.writeString(directory.resolve("gsw_Latn.yaml"), "language-score: 0.45\n");
        ThresholdCatalog own =
                ThresholdCatalog.of(config("thresholds: " + directory + "\nfineweb:\n  max-line-feeds: 0.9\n"));
        assertThat(own.of("swh_Latn").languageScore()).isEqualTo(0.4);
        assertThat(own.of("swh_Latn").gopherQuality().minWords()).isEqualTo(7);
        assertThat(own.of("swh_Latn").gopherQuality().maxMeanWordLength()).isEqualTo(9);
        assertThat(own.of("swh_Latn").fineweb().maxLineFeeds()).isEqualTo(0.9);
        assertThat(own.of("gsw_Latn").languageScore()).isEqualTo(0.45);
        assertThat(own.of("gsw_Latn").gopherQuality().minWords()).isEqualTo(50);
        assertThat(ThresholdCatalog.of(config("language-score: 0.75"))
                        .of("khm_Khmr")
                        .languageScore())
                .isEqualTo(0.75);
    }

    @Test
    void shouldHaveEveryValueForEveryLanguage() {
        assertThat(catalog.languages()).hasSize(16).contains(ENGLISH, "khm_Khmr");
        String bare = ConfigFile.of(catalog.of("xxx_Xxxx")).yaml();
        assertThat(bare).doesNotContain("null");
        for (String language : catalog.languages()) {
            assertThat(ConfigFile.of(catalog.of(language)).yaml()).doesNotContain("null");
            assertThat(catalog.of(language).stopWords()).as(language).hasSizeGreaterThanOrEqualTo(8);
        }
    }

    @Test
    void shouldReadBackTheValuesThatWereRecorded(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("swh_Latn.yaml"), "language-score: 0.123456789\n");
        FilterConfig config = ConfigFile.load(
                        FilterConfig.class, "test", "gopher-quality: {min-words: 7}", List.of("thresholds=" + folder))
                .value();
        ThresholdCatalog files = ThresholdCatalog.files(config.thresholds());

        ThresholdCatalog back = ThresholdCatalog.parse(files.json());

        assertThat(back.text()).isEqualTo(files.text()).isNotEqualTo(catalog.text());
        assertThat(back.with(config).text())
                .isEqualTo(ThresholdCatalog.of(config).text());
        assertThat(back.with(config).of("swh_Latn").languageScore()).isEqualTo(0.123456789);
    }

    @Test
    void shouldTellItsOwnReasonsFromOthers() {
        FilterConfig strict = ConfigFile.load(
                        FilterConfig.class,
                        "test",
                        "language-score: 1\ngopher-quality: {min-words: 1000}\nc4: {on: true, min-sentences: 1000}",
                        List.of())
                .value();
        List<String> reasons = Filter.reasons(
                measure("Lorem ipsum {}."), 0.5, ThresholdCatalog.of(strict).of(ENGLISH));

        assertThat(reasons)
                .hasSizeGreaterThan(4)
                .contains("c4.lorem-ipsum", "language-score 0.5 < 1")
                .allMatch(Filter::isReason);
        assertThat(List.of("pii: email", "taken down", "empty after edits")).noneMatch(Filter::isReason);
    }

    @Test
    void shouldCutOffTailsWhenFitted() {
        ThresholdFit fit = new ThresholdFit();
        int[] bins = ThresholdFit.bins(measure(PROSE), 0.8);
        for (int i = 0; i < 100; i++) {
            bins[0] = 700 + i;
            bins[1] = 4000 + 10 * i;
            for (int measure = 0; measure < bins.length; measure++) {
                fit.add(measure, bins[measure], 1);
            }
        }
        Thresholds fitted = ConfigFile.load(Thresholds.class, "fitted", fit.yaml(0.1, 100, List.of()), List.of())
                .value();
        assertThat(fitted.languageScore()).isCloseTo(0.749 - 0.028866, within(1e-4));
        assertThat(fitted.gopherQuality().minMeanWordLength()).isEqualTo(4.09);
        assertThat(fitted.gopherQuality().maxMeanWordLength()).isEqualTo(4.89);
        assertThat(fitted.gopherRepetition().maxDuplicateLines())
                .as("half of the default's, since nothing repeats")
                .isCloseTo(0.1465, within(1e-9));
        assertThat(fit.yaml(0.1, 101, List.of()))
                .startsWith("# fitted to 100 documents, tail 0.1; the detector has a score for 100\n")
                .doesNotContain("language-score:");
    }

    @Test
    void shouldMeasureTheLargestDocumentInLinearTime() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 4 << 20; i++) {
            text.append("w").append(Integer.toString(i, 36)).append(i % 9 == 0 ? '\n' : ' ');
        }
        QualityStats stats = measure(text.toString());
        assertThat(stats.repetition().duplicateNGrams()).containsOnly(0.0);
        assertThat(stats.repetition().duplicateLines()).isZero();
        assertThat(measure("!?".repeat(1 << 20)).words().count()).isEqualTo(1 << 21);
    }

    private QualityStats measure(String text) {
        return annotator.annotate(text, ENGLISH);
    }

    private List<String> reasons(String text, String language) {
        return Filter.reasons(annotator.annotate(text, language), 1, catalog.of(language));
    }

    private Thresholds with(String yaml) {
        return ConfigFile.load(Thresholds.class, "test", yaml, List.of())
                .value()
                .over(catalog.of("und_Zyyy"));
    }

    private static FilterConfig config(String yaml) {
        return ConfigFile.load(FilterConfig.class, "test", yaml, List.of()).value();
    }

    private static String other(int i) {
        return List.of(
                        "",
                        "In spring a mason came from beyond the hills to look at what was left of the arches. ",
                        "He measured every stone, wrote the numbers in a small book, and promised to return before"
                                + " harvest. ",
                        "When he did, forty men were with him, each carrying tools that nobody there had seen until"
                                + " then.")
                .get(i);
    }
}
