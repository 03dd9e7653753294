package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.spark.DedupBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code polyglow bench dedup}: near-deduplication of documents of known similarity. */
@Command(
        name = "dedup",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Plants pairs of documents of Jaccard similarity 0.6, 0.7, 0.8 and 0.9 among others, and near-misses of 0.4 and 0.5, runs near-deduplication on Spark,"
                    + " compares the share of pairs found with 1-(1-s^8)^14, and tells the share of clusters that hold nothing else and how"
                    + " many candidate pairs verification refused."
        })
final class BenchDedupCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private SparkOptions spark;

    @Option(
            names = "--documents",
            paramLabel = "N",
            description = "How many, of some 1,100 characters each (${DEFAULT-VALUE}).")
    private long documents = 100_000;

    @Option(
            names = "--similarity",
            paramLabel = "S",
            description = "Smallest similarity that joins two documents (${DEFAULT-VALUE}).")
    private double similarity = 0.55;

    @Option(names = "--partitions", paramLabel = "N", description = "Tasks of a stage (${DEFAULT-VALUE}).")
    private int partitions = 64;

    @Option(names = "--seed", paramLabel = "N", description = "Of the documents (${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description = "Where tables go meanwhile, some 4 KB a document (a temporary folder).")
    private Path work = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    BenchDedupCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(Files.createDirectories(work), "polyglow-bench-dedup-");
        try (SparkSession session = spark.session(console, "polyglow bench dedup")) {
            JsonObject result = DedupBench.run(
                    session,
                    new DedupBench.Settings(documents, seed, similarity, partitions),
                    directory.toString(),
                    SystemNanoClock.INSTANCE,
                    console::note);
            if (json) {
                console.line(Json.line(result));
            } else {
                print(result);
            }
        } finally {
            delete(directory);
        }
        return 0;
    }

    private void print(JsonObject result) {
        JsonObject recall = result.getObject("recall");
        List<List<String>> rows = new ArrayList<>();
        recall.names().forEach(name -> {
            JsonObject at = recall.getObject(name);
            rows.add(List.of(
                    name, percent(at.getDouble("found")), percent(at.getDouble("expected")), "" + at.getLong("pairs")));
        });
        console.table(List.of("similarity", "found", "expected", "pairs"), rows);
        JsonObject steps = result.getObject("steps");
        List<List<String>> times = new ArrayList<>();
        steps.names().forEach(name -> {
            JsonObject step = steps.getObject(name);
            Object share = step.get("largest_task_share");
            times.add(List.of(
                    name,
                    String.format(Locale.ROOT, "%.1f", step.getDouble("seconds")),
                    share instanceof Double part ? percent(part) : ""));
        });
        console.table(List.of("step", "seconds", "largest task"), times);
        console.line(
                "precision " + percent(result.getDouble("precision")) + " (" + result.getLong("refused_pairs") + " of "
                        + result.getLong("candidate_pairs") + " candidate pairs refused), "
                        + String.format(Locale.ROOT, "%.1f", result.getDouble("seconds")) + " s");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** Deletes a folder that may be gone already. */
    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
