package io.polyglow.dataprep.report;

import io.polyglow.dataprep.report.CorpusReport.Bar;
import io.polyglow.dataprep.report.CorpusReport.Group;
import io.polyglow.dataprep.report.CorpusReport.Histogram;
import io.polyglow.dataprep.report.CorpusReport.Sample;
import io.polyglow.dataprep.report.CorpusReport.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Draws a {@link CorpusReport} as one HTML page that needs nothing else: no script, no picture, no font from elsewhere. */
public final class HtmlReport {
    private static final int MOST_ROWS = 100;
    private static final int CHART_HEIGHT = 120;
    /** More do not fit side by side. */
    private static final int MOST_LABELS = 10;

    private final CorpusReport report;
    private final Html html = new Html();

    private HtmlReport(CorpusReport report) {
        this.report = report;
    }

    /** The page. */
    public static String of(CorpusReport report) {
        return new HtmlReport(report).page();
    }

    private String page() {
        html.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .raw("<meta name=\"viewport\" content=\"width=device-width\"><title>")
                .text(report.title())
                .raw("</title><style>" + css() + "</style></head><body>\n");
        html.element("h1", "", report.title());
        facts();
        steps();
        languages(report.languages());
        histograms();
        reasons();
        clusters();
        report.tables().forEach(this::table);
        samples("Samples of what is kept", true);
        samples("Samples of what is left out", false);
        html.raw("<h2>Settings</h2><pre>").text(report.config()).raw("</pre>\n</body></html>\n");
        return html.toString();
    }

    private void facts() {
        html.raw("<dl>");
        report.facts().forEach(fact -> html.raw("<div>")
                .element("dt", "", fact.name())
                .element("dd", "", fact.value())
                .raw("</div>"));
        html.raw("</dl>\n");
    }

    private void steps() {
        heading("From raw text to corpus", "Documents and text that are left after each step.");
        long most =
                report.steps().stream().mapToLong(step -> step.bytes()).max().orElse(0);
        long first = report.steps().isEmpty() ? 0 : report.steps().get(0).documents();
        header("step", "", "documents", "of all", "text");
        report.steps().forEach(step -> {
            html.raw("<tr>").element("td", "", step.name());
            bar(step.bytes(), 0, most);
            html.element("td", "n", Numbers.count(step.documents()))
                    .element("td", "n", Numbers.percent(step.documents(), first))
                    .element("td", "n", Numbers.bytes(step.bytes()))
                    .raw("</tr>");
        });
        html.raw("</table>\n");
    }

    private void languages(List<Group> languages) {
        heading("Languages", "What is trained on, by language.");
        long most = languages.stream().mapToLong(Group::keptBytes).max().orElse(0);
        header("", "", "documents", "kept", "text", "tokens", "bytes/token");
        languages.stream().limit(MOST_ROWS).forEach(group -> {
            html.raw("<tr>").element("td", "", group.name());
            bar(group.keptBytes(), 0, most);
            html.element("td", "n", Numbers.count(group.kept()))
                    .element("td", "n", Numbers.percent(group.kept(), group.read()))
                    .element("td", "n", Numbers.bytes(group.keptBytes()))
                    .element("td", "n", Numbers.count(group.tokens()))
                    .element("td", "n", Numbers.ratio(group.keptBytes(), group.tokens()))
                    .raw("</tr>");
        });
        html.raw("</table>\n");
        more(languages.size());
    }

    private void reasons() {
        if (report.reasons().isEmpty()) {
            return;
        }
        heading("Why documents are left out", "A document counts under each of its reasons.");
        long most = report.reasons().stream()
                .mapToLong(reason -> reason.documents())
                .max()
                .orElse(0);
        header("reason", "", "documents", "text");
        report.reasons().stream().limit(MOST_ROWS).forEach(reason -> {
            html.raw("<tr>").element("td", "", reason.kind());
            bar(0, reason.documents(), most);
            html.element("td", "n", Numbers.count(reason.documents()))
                    .element("td", "n", Numbers.bytes(reason.bytes()))
                    .raw("</tr>");
        });
        html.raw("</table>\n");
        more(report.reasons().size());
    }

    private void clusters() {
        if (report.clusters().isEmpty()) {
            return;
        }
        heading("Duplicates", "Clusters of equal or nearly equal documents, by size; one document of each is kept.");
        long most = report.clusters().stream()
                .mapToLong(cluster -> cluster.documents())
                .max()
                .orElse(0);
        header("documents in a cluster", "", "clusters", "documents");
        report.clusters().forEach(cluster -> {
            html.raw("<tr>").element("td", "", cluster.label());
            bar(cluster.clusters(), cluster.documents() - cluster.clusters(), most);
            html.element("td", "n", Numbers.count(cluster.clusters()))
                    .element("td", "n", Numbers.count(cluster.documents()))
                    .raw("</tr>");
        });
        html.raw("</table>\n");
    }

    private void histograms() {
        if (report.histograms().isEmpty()) {
            return;
        }
        heading("Lengths and scores", "");
        html.raw("<p class=\"legend\"><i class=\"kept\"></i> kept <i class=\"out\"></i> left out</p>")
                .raw("<div class=\"charts\">");
        report.histograms().forEach(this::histogram);
        html.raw("</div>\n");
    }

    private void histogram(Histogram histogram) {
        long most = histogram.bars().stream()
                .mapToLong(bar -> bar.kept() + bar.rejected())
                .max()
                .orElse(0);
        html.raw("<figure>").element("figcaption", "", histogram.title()).raw("<div class=\"columns\">");
        int labelled = 1 + (histogram.bars().size() - 1) / MOST_LABELS;
        for (int i = 0; i < histogram.bars().size(); i++) {
            Bar bar = histogram.bars().get(i);
            html.raw("<div title=\"")
                    .text(bar.label() + " " + histogram.unit() + ": " + Numbers.count(bar.kept()) + " kept, "
                            + Numbers.count(bar.rejected()) + " left out")
                    .raw("\">" + column("out", bar.rejected(), most) + column("kept", bar.kept(), most) + "<span>")
                    .text(i % labelled == 0 ? bar.label() : "")
                    .raw("</span></div>");
        }
        html.raw("</div></figure>");
    }

    private static String column(String style, long count, long most) {
        double height = most == 0 ? 0 : (double) CHART_HEIGHT * count / most;
        return String.format(
                Locale.ROOT,
                "<b class=\"%s\" style=\"height:%.1fpx\"></b>",
                style,
                count > 0 ? Math.max(1, height) : 0);
    }

    private void table(Table table) {
        heading(table.title(), table.explanation());
        header(table.header().toArray(new String[0]));
        table.rows().stream().limit(MOST_ROWS).forEach(row -> {
            html.raw("<tr>");
            row.forEach(
                    cell -> html.element("td", !cell.isEmpty() && Character.isDigit(cell.charAt(0)) ? "n" : "", cell));
            html.raw("</tr>");
        });
        html.raw("</table>\n");
        more(table.rows().size());
    }

    private void samples(String title, boolean kept) {
        List<Sample> samples = report.samples().stream()
                .filter(sample -> sample.reasons().isEmpty() == kept)
                .toList();
        if (samples.isEmpty()) {
            return;
        }
        heading(title, "Drawn by a hash of the document's id.");
        for (Sample sample : samples) {
            html.raw("<details><summary>")
                    .element("b", "", sample.language())
                    .raw(" ")
                    .text(sample.place());
            sample.reasons().forEach(reason -> html.raw(" ").element("mark", "", reason));
            html.raw("</summary><pre dir=\"auto\">").text(sample.text()).raw("</pre></details>\n");
        }
    }

    private void heading(String title, String explanation) {
        html.element("h2", "", title);
        if (!explanation.isEmpty()) {
            html.element("p", "", explanation);
        }
    }

    private void header(String... columns) {
        html.raw("<table><tr>");
        for (String column : columns) {
            html.element("th", "", column);
        }
        html.raw("</tr>\n");
    }

    /** A cell with two lengths, one after the other, of {@code most} in all. */
    private void bar(long kept, long out, long most) {
        double unit = most == 0 ? 0 : 100.0 / most;
        html.raw(String.format(
                Locale.ROOT,
                "<td class=\"bar\"><i class=\"kept\" style=\"width:%.2f%%\"></i><i class=\"out\" style=\"width:%.2f%%\"></i></td>",
                kept * unit,
                out * unit));
    }

    private void more(int rows) {
        if (rows > MOST_ROWS) {
            html.element("p", "", "and " + Numbers.count(rows - MOST_ROWS) + " more");
        }
    }

    private static String css() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks its resource report.css");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
