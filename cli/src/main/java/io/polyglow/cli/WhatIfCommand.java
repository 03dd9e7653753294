package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.dataprep.spark.AnnotatedCorpus;
import io.polyglow.dataprep.spark.WhatIf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow prepare what-if}: what other thresholds would keep. */
@Command(
        name = "what-if",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Tells how many documents, bytes and tokens of each language other thresholds would keep, next to those kept now."
                        + " Answers from the tables that prepare left beside the corpus: no text is read, nothing is written."
                        + " Files of filter.thresholds count as the run read them, unless --set or --now names a directory."
                        + " What was left out for other reasons (duplicates, personal data, evaluation sets, take-downs) stays out; documents that"
                        + " other thresholds would let in are counted as kept, since no run has compared them with others.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow prepare what-if data/web --set filter.language-score=0.75",
            "  polyglow prepare what-if data/web --set filter.thresholds=fitted --set filter.fineweb.on=false --json"
        })
final class WhatIfCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            paramLabel = "CORPUS",
            description = "The output of prepare, or a directory of Parquet files with annotations.")
    private String corpus;

    @Mixin
    private ConfigSource.Overrides then;

    @Option(
            names = "--now",
            paramLabel = "KEY=VALUE",
            description =
                    "What is set now, on top of the settings that the corpus was made with (the defaults, if it has none). May be repeated.")
    private List<String> now = new ArrayList<>();

    @Mixin
    private SparkOptions spark;

    @Option(names = "--json", description = "Prints the answer as one JSON object.")
    private boolean json;

    WhatIfCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        List<String> both = new ArrayList<>(now);
        both.addAll(then.values());
        AnnotatedCorpus.check(both); // a wrong key is told before Spark starts
        try (Locations locations = new Locations();
                SparkSession session = spark.session(console, "polyglow prepare what-if", corpus)) {
            AnnotatedCorpus annotated = AnnotatedCorpus.open(session, locations.address(corpus));
            WhatIf answer = WhatIf.of(annotated, now, both);
            console.line(json ? Json.pretty(answer.json()) : answer.table().stripTrailing());
        }
        return 0;
    }
}
