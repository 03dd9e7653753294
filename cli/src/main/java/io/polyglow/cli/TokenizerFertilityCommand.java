package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.common.json.Json;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.read.Readers;
import io.polyglow.dataprep.tokenize.Fertility;
import io.polyglow.dataprep.tokenize.FertilityCounts;
import io.polyglow.dataprep.tokenize.FertilityReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow tokenizer fertility}. */
@Command(
        name = "fertility",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures what a tokenizer costs each language: bytes per token, tokens per character, premium over a reference language,"
                    + " share of tokens that are parts of characters, texts that do not come back.",
            "",
            "Every file is a text in one language, and its name without extension is the language's label. Tags of .html files are taken out."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow tokenizer fertility tokenizer.json --input udhr --parallel --reference eng")
final class TokenizerFertilityCommand implements Callable<Integer> {
    private static final int MAX_TEXT_BYTES = 1 << 28;

    private final Console console;

    @Parameters(paramLabel = "TOKENIZER", description = "A tokenizer.json or SentencePiece .model.")
    private Path tokenizer;

    @Option(
            names = "--input",
            required = true,
            arity = "1..*",
            paramLabel = "PATH",
            description = "Files, or directories of files.")
    private List<Path> inputs;

    @Option(
            names = "--parallel",
            description =
                    "The texts are translations of each other: premiums compare whole texts, not tokens per character.")
    private boolean parallel;

    @Option(
            names = "--reference",
            defaultValue = "eng_Latn,eng,en",
            split = ",",
            paramLabel = "LANGUAGE",
            description = "The language with premium 1: the first of these that is there. Default: ${DEFAULT-VALUE}.")
    private List<String> references;

    @Option(
            names = "--max-premium",
            paramLabel = "N",
            description =
                    "Fail when a language pays more than N times the tokens of the reference, or when a byte-level tokenizer does not give back a text.")
    private @Nullable Double maxPremium;

    @Option(names = "--json", description = "Print JSON instead of a table.")
    private boolean json;

    TokenizerFertilityCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Tokenizer measured = TokenizerCommand.read(tokenizer);
        Fertility fertility = new Fertility(measured);
        Map<String, FertilityCounts> languages = new TreeMap<>();
        for (Path input : inputs) {
            for (Path file : files(input)) {
                languages.merge(language(file), fertility.measure(text(file)), FertilityCounts::plus);
            }
        }
        FertilityReport report = FertilityReport.of(
                measured.sha256(), measured.vocabSize(), references, languages, parallel ? languages : Map.of());
        if (json) {
            console.line(Json.pretty(report.json()).stripTrailing());
        } else {
            report.table().forEach(console::line);
        }
        if (maxPremium != null) {
            if (measured.isLossless()) {
                report.requireRoundTrips();
            }
            report.requirePremiumsUpTo(maxPremium);
        }
        return 0;
    }

    private static List<Path> files(Path input) {
        try (Stream<Path> files = Files.isDirectory(input) ? Files.list(input) : Stream.of(input)) {
            return files.filter(
                            file -> !Files.isDirectory(file) && !language(file).isEmpty())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw unreadable(input, e);
        }
    }

    /** Empty for hidden files. */
    private static String language(Path file) {
        String name = String.valueOf(file.getFileName());
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static String text(Path file) {
        Format format =
                Compression.ofName(file.toString()).strip(file.toString()).endsWith(".html")
                        ? Format.HTML
                        : Format.TEXT;
        ReadOptions options = new ReadOptions("", "", "", "", "", MAX_TEXT_BYTES);
        try {
            RawDocument document = Readers.readFile(
                            format,
                            Compression.ofName(file.toString()),
                            file.toString(),
                            Files.newInputStream(file),
                            options)
                    .next();
            String text = document.text();
            if (text == null) {
                throw new PolyglowException(ErrorKind.DATA, file + " gives no text: " + document.rejected() + ".");
            }
            return text;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static PolyglowException unreadable(Path path, IOException e) {
        return new PolyglowException(ErrorKind.DATA, path + " cannot be read: " + Reasons.of(e) + ".", e);
    }
}
