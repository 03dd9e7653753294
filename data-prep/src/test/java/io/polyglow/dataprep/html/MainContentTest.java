package io.polyglow.dataprep.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainContentTest {
    private static final String TEXT = "Alle Menschen sind frei, gleich an Würde, und mit Vernunft begabt. "
            .repeat(5)
            .strip();
    private static final String THAI = "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ".repeat(5);

    @Test
    void shouldKeepParagraphsHeadingsListsAndTablesOfTheArticle() {
        String page =
                "<body><div class=top><a href=a>Home</a> <a href=b>About us</a></div><div class=article-body><h2>Titel</h2><p>"
                        + TEXT
                        + "<ul><li>erstens</li><li>zweitens</li></ul><table><tr><td>Jahr</td><td>1948</td></tr></table><p>"
                        + TEXT
                        + "</div><div class=related-posts><p>" + TEXT + "</div>";

        assertThat(of(page)).isEqualTo("Titel\n" + TEXT + "\nerstens\nzweitens\nJahr\n1948\n" + TEXT);
    }

    @Test
    void shouldLeaveOutListsOfLinksWhereverTheyStand() {
        String links = "<ul>" + "<li><a href=x>eine lange Überschrift, die lockt</a>".repeat(9) + "</ul>";

        assertThat(of("<body>" + links + "<div><p>" + TEXT + links + "<p>" + TEXT + "</div>" + links))
                .isEqualTo(TEXT + "\n" + TEXT);
    }

    @Test
    void shouldNeedNoSpacesNorCommasNorEnglish() {
        assertThat(of("<body><div><a href=x>หน้าแรก</a></div><section><p>" + THAI + "<p>" + THAI
                        + "</section><div class=footer>" + THAI + "</div>"))
                .isEqualTo(THAI + "\n" + THAI);
    }

    @Test
    void shouldPutTogetherTextInSeveralFrames() {
        String frame = "<div class=frame><div class=column><p>" + TEXT + "<p>" + TEXT + "</div></div>";

        assertThat(of("<body><main><div>" + frame.repeat(4) + "</div></main>").split("\n"))
                .hasSize(8);
    }

    @Test
    void shouldPutTogetherTextInFramesDirectlyInTheMainPart() {
        String frame = "<div class=frame><div class=column><p>" + TEXT + "<p>" + TEXT + "</div></div>";

        assertThat(of("<body><main>" + frame.repeat(4) + "</main>").split("\n")).hasSize(8);
        assertThat(of("<body><div role=main>" + frame.repeat(4) + "</div>").split("\n"))
                .hasSize(8);
    }

    @Test
    void shouldKeepAPageThatIsAllInsideAForm() {
        assertThat(of("<body><form><input><input><input><div><a href=x>menu</a></div><div><p>" + TEXT
                        + "</div></form>"))
                .isEqualTo(TEXT);
    }

    @Test
    void shouldTakeAShortPageWhole() {
        assertThat(of("<body><p>kurz</p>")).isEqualTo("kurz");
        assertThat(of("<body>")).isEmpty();
    }

    @Test
    void shouldRatherKeepAShortTextThanTheFurnitureAroundIt() {
        String teasers = "<aside>" + ("<p>" + TEXT + "</p>").repeat(9) + "</aside>";

        String article = TEXT.substring(0, 150).strip();
        assertThat(of("<body><article><p>" + article + "</article>" + teasers)).isEqualTo(article);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"<div>", "<b>", "<ul><li>", "<table><tr><td>", "<blockquote>", "<a href=x>", "<font><p>", "<svg>"
            })
    void shouldTakeNestingOfAnyDepthWithoutStack(String tags) {
        Document page = Jsoup.parse(tags.repeat(100_000) + TEXT);

        assertThat(MainContent.of(page))
                .satisfiesAnyOf(text -> assertThat(text).contains(TEXT), text -> assertThat(text)
                        .isEmpty());
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldTakeManyParagraphsInsideDeepInlineElementsInLinearTime() {
        int many = 120_000;

        // a climb from every paragraph past every span would be 10^10 steps
        String text = of("<body><div>" + "<span>".repeat(many) + ("<p>" + TEXT.substring(0, 40)).repeat(many));

        assertThat(text).hasSize(41 * many - 1);
    }

    @Test
    void shouldGivePointsToTheSameBlocksWhateverInlineElementsAreBetween() {
        String paragraphs = ("<p>" + TEXT + "</p>").repeat(2);
        List<Box> plain = boxes("<div><section>" + paragraphs + "</section><p>" + TEXT + "</p></div>");
        List<Box> wrapped = boxes(
                "<div><i><b><section><u><s>" + paragraphs + "</s></u></section></b></i><p>" + TEXT + "</p></div>");

        ContentScore.top(plain);
        ContentScore.top(wrapped);

        assertThat(blockScores(wrapped)).isEqualTo(blockScores(plain));
        assertThat(blockScores(plain)).hasSize(3);
    }

    private static List<Box> boxes(String html) {
        List<Box> boxes = PageOutline.of(Jsoup.parse(html).body(), Set.of());
        Measure.sum(boxes);
        return boxes;
    }

    private static List<Double> blockScores(List<Box> boxes) {
        return boxes.stream()
                .filter(box -> box.isBlock && !Double.isNaN(box.score))
                .map(box -> box.score)
                .toList();
    }

    @Test
    void shouldKeepWholeDeclarationsOfHumanRights() throws IOException {
        Path udhr = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(udhr), udhr + " is not there");
        List<Path> files;
        try (Stream<Path> all = Files.list(udhr)) {
            files = all.filter(file -> file.toString().endsWith(".html"))
                    .sorted()
                    .toList();
        }
        int whole = 0;
        for (Path file : files) {
            Document page = Jsoup.parse(Files.readString(file));
            int found = MainContent.of(page).replaceAll("\\s", "").length();
            int all = page.body().text().replaceAll("\\s", "").length();
            whole += found >= 0.999 * all ? 1 : 0;
        }
        assertThat(whole).isGreaterThanOrEqualTo(files.size() - 1);
    }

    private static String of(String html) {
        return MainContent.of(Jsoup.parse(html));
    }
}
