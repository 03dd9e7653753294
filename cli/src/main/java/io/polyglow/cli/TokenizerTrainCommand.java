package io.polyglow.cli;

import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.spark.TokenizerJob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code polyglow tokenizer train}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Trains a tokenizer on raw files, as a Spark job: byte-level BPE with exactly the merges of Hugging Face's trainer,"
                    + " or characters.",
            "",
            "The files are taken byte for byte, line by line; nothing is decoded, normalised or left out."
        },
        footerHeading = "%nExample:%n",
        footer =
                "  polyglow tokenizer train --input corpus/*.txt --vocab-size 8192 --pattern gpt2 --output tokenizer.json")
final class TokenizerTrainCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--input",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Files, directories or globs.")
    private List<String> inputs;

    @Option(
            names = "--vocab-size",
            defaultValue = "8192",
            paramLabel = "N",
            description = "Number of ids, <|endoftext|> included. Default: ${DEFAULT-VALUE}.")
    private int vocabSize;

    @Option(
            names = "--pattern",
            defaultValue = "gpt2",
            paramLabel = "NAME",
            description =
                    "What may not be merged across: gpt2 (words) or char (characters). Default: ${DEFAULT-VALUE}.")
    private String pattern;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "The tokenizer.json to write.")
    private Path output;

    @Mixin
    private SparkOptions spark;

    TokenizerTrainCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        TokenizerJob.Settings settings = new TokenizerJob.Settings(PreTokenPattern.named(pattern), vocabSize, true);
        try (Locations locations = new Locations();
                SparkSession session = spark.session("polyglow tokenizer train");
                LocalFile target = LocalFile.of(output)) {
            ByteLevelBpe tokenizer = TokenizerJob.run(
                    session,
                    inputs.stream().map(locations::address).toList(),
                    settings,
                    new StageProgress(console, "tokenizer"));
            Stores.rewrite(target.folder(), target.name(), tokenizer.json());
            console.line("Tokenizer: " + tokenizer.vocabSize() + " ids, "
                    + tokenizer.model().merges().size() + " merges, sha256 " + tokenizer.sha256() + ", in " + output);
            if (settings.pattern() != PreTokenPattern.CHAR && tokenizer.vocabSize() < vocabSize) {
                console.line("That is fewer than " + vocabSize + ": the text has no more pairs to merge.");
            }
        }
        return 0;
    }
}
