package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.spark.PrepareBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code polyglow bench prepare}: the whole of prepare on generated web text. */
@Command(
        name = "prepare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Generates corpora of several sizes (fifteen languages, copies, junk, personal data) and prepares each with the defaults for web text. Tells"
                    + " what each stage costs, whether the cost grows as the text does, and how much of the heap it takes."
        },
        footerHeading = "%nExample:%n",
        footer = "  POLYGLOW_HEAP=2g polyglow bench prepare --megabytes 1000,2000,4000 --work /var/tmp")
final class BenchPrepareCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private SparkOptions spark;

    @Option(
            names = "--megabytes",
            split = ",",
            paramLabel = "N",
            description = "Sizes of the corpora (${DEFAULT-VALUE}).")
    private List<Integer> megabytes = List.of(100, 200);

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets one key of the prepare config. May be repeated.")
    private List<String> overrides = new ArrayList<>();

    @Option(names = "--seed", paramLabel = "N", description = "Of the documents (${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description = "Where text and tables go meanwhile, some five times the largest size (a temporary folder).")
    private Path work = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    BenchPrepareCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(Files.createDirectories(work), "polyglow-bench-prepare-");
        try (SparkSession session = spark.session(console, "polyglow bench prepare")) {
            JsonObject result = PrepareBench.run(
                    session,
                    new PrepareBench.Settings(megabytes, seed, overrides),
                    directory,
                    SystemNanoClock.INSTANCE,
                    console::note);
            if (json) {
                console.line(Json.line(result));
            } else {
                print(result);
            }
        } finally {
            BenchDedupCommand.delete(directory);
        }
        return 0;
    }

    private void print(JsonObject result) {
        for (JsonObject row : result.getArray("rows").objects()) {
            console.line(String.format(
                    Locale.ROOT,
                    "%,d MB, %,d documents, %,d kept: %.1f s, %.1f MB/s per core, at most %,d of %,d MB of heap in use after a collection",
                    row.getLong("input_mb"),
                    row.getLong("documents"),
                    row.getLong("kept_documents"),
                    row.getDouble("seconds"),
                    row.getDouble("mb_per_second_and_core"),
                    row.getLong("live_heap_mb"),
                    result.getLong("max_heap_mb")));
            console.line("rejected: " + Json.line(row.getObject("rejected")));
            JsonObject stages = row.getObject("stages");
            List<List<String>> lines = new ArrayList<>();
            stages.names()
                    .forEach(name -> lines.add(List.of(
                            name,
                            String.format(
                                    Locale.ROOT, "%.1f", stages.getObject(name).getDouble("seconds")),
                            String.format(
                                    Locale.ROOT, "%.1f", stages.getObject(name).getDouble("mb_per_second_and_core")))));
            console.table(List.of("stage", "seconds", "MB/s per core"), lines);
        }
        console.line(String.format(
                Locale.ROOT,
                "Seconds per GB, last size over first: %.2f",
                result.getDouble("seconds_per_gb_last_over_first")));
    }
}
