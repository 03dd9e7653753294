package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.spark.LanguageAgreement;
import io.polyglow.dataprep.spark.PrepareConfig;
import io.polyglow.dataprep.spark.PrepareJob;
import io.polyglow.dataprep.spark.PrepareReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code polyglow prepare}: raw text to token shards. */
@Command(
        name = "prepare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Turns raw text into a corpus of token shards: reads, cleans, deduplicates, trains a tokenizer (or uses"
                    + " yours), tokenizes and shards, as one Spark job.",
            "",
            "The output appears whole or not at all. The same input and config give the same bytes on any number of"
                    + " partitions; an output that is there already is not made again."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow prepare configs/prepare/udhr.yaml --set input=corpora/udhr --set output=data/udhr",
            "  polyglow prepare my.yaml --master spark://host:7077 --set output=hdfs://nn:8020/corpora/web",
            "",
            "All keys of the config: polyglow config keys prepare"
        },
        subcommands = {WhatIfCommand.class, FitThresholdsCommand.class})
final class PrepareCommand implements Callable<Integer> {
    private static final String INTERRUPTED =
            "Interrupted. Finished stages are kept: the same command goes on after them.";

    private final Console console;

    // not required: what-if and fit-thresholds go without
    @Parameters(
            index = "0",
            arity = "0..1",
            hideParamSyntax = true,
            paramLabel = "CONFIG",
            description = "A YAML file such as those under configs/.")
    private @Nullable Path file;

    @Mixin
    private ConfigSource.Overrides overrides;

    @Mixin
    private SparkOptions spark;

    @Option(
            names = "--report",
            description =
                    "Also tells how often the language models agree with the languages that documents state, on whole documents and on single sentences.")
    private boolean withAccuracy;

    @Option(names = "--json", description = "Prints the report as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec command;

    PrepareCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (file == null) {
            throw new ParameterException(command.commandLine(), "Missing required parameter: 'CONFIG'");
        }
        ConfigSource config = new ConfigSource(file, overrides);
        PrepareConfig written = config.load(PrepareConfig.class).value();
        Prepared prepared = prepare(config, written);
        PrepareReport report = prepared.report();
        if (json) {
            console.line(Json.pretty(prepared.json().put("output", written.output())));
            return 0;
        }
        console.line(report.table().stripTrailing());
        if (prepared.agreement() != null) {
            console.line(prepared.agreement().table());
        }
        written.tokenizer()
                .shortfall(report.vocabSize())
                .ifPresent(why -> console.line("Vocabulary: " + report.vocabSize() + " ids. " + why));
        console.line((report.reused() ? "Nothing to do, it was there already: " : "Corpus: ") + written.output());
        console.line(
                "Next: polyglow train configs/train/nano.yaml --set data=" + written.output() + " --set run=runs/nano");
        return 0;
    }

    /** What was made, and how well its languages were found, if that was asked. */
    private record Prepared(PrepareReport report, @Nullable LanguageAgreement agreement) {
        JsonObject json() {
            return agreement == null ? report.json() : report.json().put("language_models", agreement.json());
        }
    }

    @SuppressWarnings("try") // the last word is kept until the work has ended
    private Prepared prepare(ConfigSource config, PrepareConfig written) throws IOException {
        try (Locations locations = new Locations()) {
            List<String> places = List.of(
                    "input=" + locations.address(written.input()), "output=" + locations.address(written.output()));
            PrepareConfig placed = config.load(PrepareConfig.class, places).value();
            try (LastWord ignored = new LastWord(console, () -> INTERRUPTED);
                    SparkSession session = session(console, placed, spark)) {
                PrepareReport report = PrepareJob.run(session, placed, new StageProgress(console, "prepare"));
                return new Prepared(
                        report,
                        withAccuracy ? LanguageAgreement.of(session, placed.output(), placed.languageId()) : null);
            }
        }
    }

    static PrepareReport run(Console console, PrepareConfig config, SparkOptions options) {
        try (SparkSession session = session(console, config, options)) {
            return PrepareJob.run(session, config, new StageProgress(console, "prepare"));
        }
    }

    /** Refuses what can be refused before Spark starts. */
    private static SparkSession session(Console console, PrepareConfig config, SparkOptions options) {
        PrepareJob.check(config);
        console.note("Starting Spark ...");
        List<String> places = new ArrayList<>(List.of(config.input(), config.output()));
        places.addAll(config.dedup().against());
        places.addAll(config.decontamination().sets().values());
        places.addAll(config.languageId().models());
        return options.session(console, "polyglow prepare " + config.output(), places.toArray(String[]::new));
    }
}
