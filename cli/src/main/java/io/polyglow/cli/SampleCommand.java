package io.polyglow.cli;

import io.polyglow.dataprep.sample.SampleConfig;
import io.polyglow.dataprep.sample.SampleCorpus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code polyglow sample}: a multilingual corpus with known right answers. */
@Command(
        name = "sample",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Makes a multilingual corpus with known right answers.",
            "",
            "ICU spells numbers and formats dates and names, so lines read like%n  de | 417 | vierhundertsiebzehn%n"
                    + "The same options give the same bytes on every machine. OUTPUT/train is the input for prepare;"
                    + " OUTPUT/heldout.jsonl lists numbers that were left out, with their right spelling."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow sample --output numbers --languages de,hi,th --numbers 10000")
final class SampleCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "Local folder to make; must not exist.")
    private Path output;

    @Option(
            names = "--languages",
            split = ",",
            paramLabel = "TAG",
            description = "Languages, or 'all' for every one that ICU has rules for. Default: ten in seven scripts.")
    private List<String> languages = SampleConfig.DEFAULT.languages();

    @Option(
            names = "--numbers",
            paramLabel = "N",
            description = "Numbers are drawn from [0, N). Default: ${DEFAULT-VALUE}.")
    private long numbers = SampleConfig.DEFAULT.numbers();

    @Option(
            names = "--lines-per-language",
            paramLabel = "N",
            description =
                    "Training lines with numbers per language; 0 for all that are not held out. Default: ${DEFAULT-VALUE}.")
    private long linesPerLanguage = SampleConfig.DEFAULT.linesPerLanguage();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Decides what is held out and drawn. Default: ${DEFAULT-VALUE}.")
    private long seed = SampleConfig.DEFAULT.seed();

    SampleCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        SampleConfig base = SampleConfig.DEFAULT;
        SampleConfig config = new SampleConfig(
                languages,
                numbers,
                linesPerLanguage,
                base.heldOut(),
                base.testsPerLanguage(),
                base.dates(),
                base.names(),
                seed);
        make(console, config, output);
        return 0;
    }

    static SampleCorpus.Summary make(Console console, SampleConfig config, Path output) throws IOException {
        try (LocalFile target = LocalFile.of(output)) {
            SampleCorpus.Summary summary = new SampleCorpus(config).write(target.folder(), target.name());
            console.line(String.format(
                    Locale.ROOT,
                    "Sample corpus: %,d lines in %d languages (%,d bytes), %,d held-out questions, in %s",
                    summary.trainingLines(),
                    summary.languages().size(),
                    summary.bytes(),
                    summary.heldOutLines(),
                    output));
            return summary;
        }
    }
}
