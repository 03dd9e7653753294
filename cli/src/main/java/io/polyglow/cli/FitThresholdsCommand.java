package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.dataprep.spark.AnnotatedCorpus;
import io.polyglow.dataprep.spark.FitThresholds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow prepare fit-thresholds}: thresholds per language from a corpus. */
@Command(
        name = "fit-thresholds",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Fits the thresholds of each language to the annotations of a corpus that you hold to be good, finds its stop words, and writes one file"
                        + " per language for filter.thresholds. language-score is fitted to what the detector makes of the documents, not to stated"
                        + " languages. The same annotations give the same files.",
        footerHeading = "%nExample:%n",
        footer = {
            "  polyglow prepare fit-thresholds data/wikipedia --output thresholds",
            "  polyglow prepare my.yaml --set filter.thresholds=thresholds"
        })
final class FitThresholdsCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            paramLabel = "CORPUS",
            description = "The output of prepare, or a directory of Parquet files with annotations.")
    private String corpus;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Local directory for the files.")
    private Path output;

    @Option(
            names = "--tail",
            defaultValue = "0.1",
            paramLabel = "SHARE",
            description =
                    "Share of the documents that each bound alone may cut off, 0 to 0.5. Default: ${DEFAULT-VALUE}.")
    private double tail;

    @Option(
            names = "--min-documents",
            defaultValue = "1000",
            paramLabel = "N",
            description =
                    "Languages with fewer documents get no file, and those with fewer that the detector has a score for no language-score. Default: ${DEFAULT-VALUE}.")
    private long minDocuments;

    @Mixin
    private SparkOptions spark;

    FitThresholdsCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (!(tail >= 0 && tail <= 0.5)) {
            throw new PolyglowException(ErrorKind.USAGE, "--tail is " + tail + ", must be 0 to 0.5.");
        }
        try (Locations locations = new Locations();
                SparkSession session = spark.session(console, "polyglow prepare fit-thresholds", corpus)) {
            FitThresholds fitted =
                    FitThresholds.of(AnnotatedCorpus.open(session, locations.address(corpus)), tail, minDocuments);
            write(fitted.files());
            report(fitted);
        }
        return 0;
    }

    private void report(FitThresholds fitted) {
        console.line(
                fitted.files().isEmpty()
                        ? "No language has " + minDocuments + " documents; nothing was written."
                        : fitted.files().size() + " languages: " + output);
        if (!fitted.unscored().isEmpty()) {
            console.line("No language-score for " + String.join(", ", fitted.unscored())
                    + ": the detector has a score for fewer than " + minDocuments + " of their documents.");
        }
    }

    private void write(Map<String, String> files) {
        try {
            Files.createDirectories(output);
            for (Map.Entry<String, String> file : files.entrySet()) {
                Files.writeString(output.resolve(file.getKey() + ".yaml"), file.getValue());
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT, output + " cannot be written: " + Reasons.of(e) + ".", e);
        }
    }
}
