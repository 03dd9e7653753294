package io.polyglow.dataprep.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.report.CorpusReport.Bar;
import io.polyglow.dataprep.report.CorpusReport.Cluster;
import io.polyglow.dataprep.report.CorpusReport.Fact;
import io.polyglow.dataprep.report.CorpusReport.Group;
import io.polyglow.dataprep.report.CorpusReport.Histogram;
import io.polyglow.dataprep.report.CorpusReport.Reason;
import io.polyglow.dataprep.report.CorpusReport.Sample;
import io.polyglow.dataprep.report.CorpusReport.Step;
import io.polyglow.dataprep.report.CorpusReport.Table;
import java.util.List;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.junit.jupiter.api.Test;

class HtmlReportTest {
    private static final String HOSTILE = "</pre><script>alert('x')</script>\u0000&amp;";

    @Test
    void shouldPrintEveryNumberItIsGiven() {
        Document page = Jsoup.parse(HtmlReport.of(report(HOSTILE)));

        assertThat(page.text())
                .contains("1,234", "trained on", "deu_Latn", "4.00", "75.0 %", "too large", "2 to 4", "alpha");
        assertThat(page.select("div.columns b.kept").get(1).attr("style")).isEqualTo("height:120.0px");
        assertThat(page.select("div.columns b.kept").get(0).attr("style")).isEqualTo("height:60.0px");
    }

    @Test
    void shouldShowTextsAsTextWhateverIsInThem() {
        Document page = Jsoup.parse(HtmlReport.of(report(HOSTILE)));

        assertThat(page.select("script")).isEmpty();
        assertThat(page.select("details pre").get(0).wholeText()).isEqualTo("</pre><script>alert('x')</script> &amp;");
    }

    @Test
    void shouldNeedNothingFromElsewhere() {
        assertThat(HtmlReport.of(report("text"))).doesNotContain("http:", "https:", "src=", "<link", "@import", "url(");
    }

    @Test
    void shouldKeepTheTablesOfADataCardWholeWhateverIsInACell() {
        String card = DataCard.of(report("a|b\nc"));

        assertThat(card)
                .contains("| deu_Latn | 3 | 75.0 % | 400 B | 100 | 4.00 |")
                .contains("| a\\|b c |");
    }

    private static CorpusReport report(String text) {
        return new CorpusReport(
                "corpus",
                List.of(new Fact("documents", "1,234")),
                List.of(new Step("read", 4, 500), new Step("trained on", 3, 400)),
                List.of(new Group("deu_Latn", 4, 3, 400, 100)),
                List.of(new Reason("too large", 1, 100)),
                List.of(new Cluster("2 to 4", 1, 3)),
                List.of(new Histogram("Length", "bytes", List.of(new Bar("1k", 1, 0), new Bar("2k", 2, 0)))),
                List.of(new Table("Mix", "", List.of("what"), List.of(List.of("alpha"), List.of(text)))),
                List.of(
                        new Sample("web:1", "deu_Latn", List.of(), text),
                        new Sample("web:2", "und", List.of("x: y"), text)),
                "seed: 1");
    }
}
