package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.html.ExtractionScore;
import io.polyglow.dataprep.read.ExtractionBench;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code polyglow bench extract}: how well the text of web pages is found. */
@Command(
        name = "extract",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Extracts the main text of web pages and compares it with what people marked: F1, precision and recall over runs of four words, as"
                    + " scrapinghub/article-extraction-benchmark defines them."
        },
        footerHeading = "%nExample:%n",
        footer = {
            "  git clone https://github.com/scrapinghub/article-extraction-benchmark",
            "  polyglow bench extract --html article-extraction-benchmark/html --truth article-extraction-benchmark/ground-truth.json"
        })
final class BenchExtractCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--html", required = true, paramLabel = "DIR", description = "Folder with the pages, NAME.html.gz.")
    private Path html;

    @Option(
            names = "--truth",
            required = true,
            paramLabel = "FILE",
            description = "JSON object: of every NAME an object with articleBody.")
    private Path truth;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    BenchExtractCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        ExtractionScore score = ExtractionBench.run(html, truth);
        if (json) {
            console.line(Json.pretty(new JsonObject()
                            .put("pages", (long) score.pages())
                            .put("f1", score.f1())
                            .put("precision", score.precision())
                            .put("recall", score.recall()))
                    .strip());
        } else {
            console.line(String.format(
                    Locale.ROOT,
                    "%d pages: F1 %.3f, precision %.3f, recall %.3f",
                    score.pages(),
                    score.f1(),
                    score.precision(),
                    score.recall()));
        }
        return 0;
    }
}
