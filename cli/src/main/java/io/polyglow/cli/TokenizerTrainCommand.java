package io.polyglow.cli;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.spark.TokenizerJob;
import io.polyglow.dataprep.spark.TrainedTokenizer;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
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
                    + " a byte-level unigram model, or characters.",
            "",
            "The files are taken byte for byte, line by line; nothing is decoded, normalised or left out."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow tokenizer train --input corpus/*.txt --vocab-size 8192 --output tokenizer.json")
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
            defaultValue = "cl100k",
            paramLabel = "NAME",
            description =
                    "What may not be merged across: cl100k, also called llama3, o200k (words, digits in threes), gpt2 (words), gpt2-digits, qwen2, tekken (words, digits apart) or char (characters). Default: ${DEFAULT-VALUE}.")
    private String pattern;

    @Option(
            names = "--model",
            defaultValue = "bpe",
            paramLabel = "NAME",
            description = "bpe (byte-pair merges) or unigram (pieces with probabilities). Default: ${DEFAULT-VALUE}.")
    private String model;

    @Option(
            names = "--min-frequency",
            defaultValue = "0",
            paramLabel = "N",
            description = "Pairs seen less often are not merged. Default: ${DEFAULT-VALUE}.")
    private long minFrequency;

    @Option(
            names = "--max-token-length",
            paramLabel = "BYTES",
            description = "Tokens of this length or longer are not made.")
    private @Nullable Integer maxTokenLength;

    @Option(
            names = "--max-pre-tokens",
            defaultValue = "5000000",
            paramLabel = "N",
            description =
                    "Most distinct pre-tokens to learn from; of the rarest a sample is left. Default: ${DEFAULT-VALUE}.")
    private int maxPreTokens;

    @Option(
            names = "--special",
            arity = "1..*",
            paramLabel = "TOKEN",
            description = "Special tokens besides <|endoftext|>.")
    private List<String> specials = List.of();

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "The tokenizer.json to write; must not exist.")
    private Path output;

    @Mixin
    private SparkOptions spark;

    TokenizerTrainCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        TokenizerConfig settings = settings();
        if (Files.exists(output)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    output
                            + " exists already, and corpora may have been made with it. Name another file with --output, or delete it.");
        }
        try (LocalFile target = LocalFile.of(output)) {
            Stores.checkWritable(target.folder(), output.toString());
            train(settings, target);
        }
        return 0;
    }

    private void train(TokenizerConfig settings, LocalFile target) throws IOException {
        try (Locations locations = new Locations();
                SparkSession session =
                        spark.session(console, "polyglow tokenizer train", inputs.toArray(String[]::new))) {
            TrainedTokenizer trained = TokenizerJob.run(
                    session,
                    inputs.stream().map(locations::address).toList(),
                    settings,
                    new StageProgress(console, "tokenizer"));
            Tokenizer tokenizer = trained.tokenizer();
            Stores.rewrite(target.folder(), target.name(), tokenizer.json());
            console.line("Tokenizer: " + tokenizer.vocabSize() + " ids, learned from "
                    + trained.report().preTokens() + " distinct pre-tokens, sha256 " + tokenizer.sha256() + ", in "
                    + output);
            if (trained.report().dropped() > 0) {
                console.line("Left out: " + trained.report().dropped() + " pre-tokens seen at most "
                        + trained.report().leastCount() + " times; --max-pre-tokens keeps more.");
            }
            settings.shortfall(tokenizer.vocabSize()).ifPresent(console::line);
        }
    }

    /** As a config with these keys would be read, so within the same ranges. */
    private TokenizerConfig settings() {
        List<String> keys = new ArrayList<>(List.of(
                "model=" + model,
                "vocab-size=" + vocabSize,
                "min-frequency=" + minFrequency,
                "max-pre-tokens=" + maxPreTokens));
        if (maxTokenLength != null) {
            keys.add("max-token-length=" + maxTokenLength);
        }
        return ConfigFile.load(TokenizerConfig.class, "tokenizer train", "", keys)
                .value()
                .with(PreTokenPattern.named(pattern), specials);
    }
}
