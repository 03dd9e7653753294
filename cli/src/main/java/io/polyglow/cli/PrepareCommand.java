package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.spark.PrepareConfig;
import io.polyglow.dataprep.spark.PrepareJob;
import io.polyglow.dataprep.spark.PrepareReport;
import java.io.IOException;
import java.nio.file.Path;
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
    private final Console console;

    // not required: what-if and fit-thresholds go without
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "CONFIG",
            description = "A YAML file such as those under configs/.")
    private @Nullable Path file;

    @Mixin
    private ConfigSource.Overrides overrides;

    @Mixin
    private SparkOptions spark;

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
        PrepareReport report = prepare(config, written);
        if (json) {
            console.line(Json.pretty(report.json().put("output", written.output())));
            return 0;
        }
        console.line(report.table().stripTrailing());
        if (written.tokenizer().file() == null
                && written.tokenizer().pattern() != PreTokenPattern.CHAR
                && report.vocabSize() < written.tokenizer().vocabSize()) {
            console.line("The vocabulary is smaller than tokenizer.vocab-size = "
                    + written.tokenizer().vocabSize() + ": the text has no more pairs to merge.");
        }
        console.line((report.reused() ? "Nothing to do, it was there already: " : "Corpus: ") + written.output());
        console.line(
                "Next: polyglow train configs/train/nano.yaml --set data=" + written.output() + " --set run=runs/nano");
        return 0;
    }

    private PrepareReport prepare(ConfigSource config, PrepareConfig written) throws IOException {
        try (Locations locations = new Locations()) {
            List<String> places = List.of(
                    "input=" + locations.address(written.input()), "output=" + locations.address(written.output()));
            return run(console, config.load(PrepareConfig.class, places).value(), spark);
        }
    }

    static PrepareReport run(Console console, PrepareConfig config, SparkOptions options) {
        PrepareJob.check(config);
        console.note("Starting Spark ...");
        try (SparkSession session = options.session("polyglow prepare " + config.output())) {
            return PrepareJob.run(session, config, new StageProgress(console, "prepare"));
        }
    }
}
