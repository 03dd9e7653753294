package io.polyglow.dataprep.read;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.html.ExtractionScore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Scores our extraction of web pages on a benchmark in the form of scrapinghub/article-extraction-benchmark: pages as {@code NAME.html.gz}, and a JSON object with the
 * {@code articleBody} of every name.
 */
public final class ExtractionBench {
    private static final int MAX_TRUTH_BYTES = 1 << 28;
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 1 << 26);

    private ExtractionBench() {}

    /**
     * Reads every page that {@code truth} names, by the way that {@code prepare} takes.
     *
     * @throws PolyglowException of kind DATA when a file is missing or no such JSON
     */
    public static ExtractionScore run(Path pages, Path truth) {
        try {
            JsonObject bodies = Json.parseObject(truth.toString(), Files.readAllBytes(truth), MAX_TRUTH_BYTES);
            ExtractionScore score = new ExtractionScore();
            for (String name : bodies.names()) {
                score.add(bodies.getObject(name).getString("articleBody", ""), text(pages.resolve(name + ".html.gz")));
            }
            return score;
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The benchmark cannot be read: " + e.getMessage()
                            + ". Give --html the folder with the pages and --truth the ground-truth.json of the benchmark.",
                    e);
        }
    }

    private static String text(Path page) throws IOException {
        try (InputStream in = Files.newInputStream(page)) {
            RawDocument document = Readers.readFile(
                            Format.HTML, Compression.GZIP, page.getFileName().toString(), in, OPTIONS)
                    .next();
            String text = document.text();
            return text == null ? "" : text;
        }
    }
}
