package io.polyglow.cli;

import io.polyglow.cluster.spark.TrainJob;
import io.polyglow.cluster.spark.TrainResult;
import io.polyglow.cluster.store.hdfs.EmbeddedLocation;
import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.dataprep.sample.SampleConfig;
import io.polyglow.dataprep.spark.PrepareConfig;
import io.polyglow.dataprep.spark.PrepareReport;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.eval.ExactMatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code polyglow quickstart}: the whole road on this machine. */
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "The whole road on this machine, in minutes: makes a multilingual corpus of spelled numbers, prepares it with Spark, trains"
                    + " a transformer on four ranks (two replicas of a pipeline of two stages) connected by Aeron, with checkpoints"
                    + " on HDFS, stops half-way on purpose, resumes, and measures what was learned.",
            "",
            "Everything goes to $POLYGLOW_DATA, by default ./polyglow-data. What an earlier quickstart left is deleted first:"
                    + " quickstart/sample and quickstart/corpus there, and runs/quickstart in the store, also in one that you give"
                    + " with --store."
        })
final class QuickstartCommand implements Callable<Integer> {
    private static final String RUN = "runs/quickstart";

    private final Console console;
    private final NanoClock clock = SystemNanoClock.INSTANCE;

    @Option(
            names = "--smoke",
            description = "The same road in miniature, to see that everything works; learns nothing.")
    private boolean smoke;

    @Option(
            names = "--store",
            defaultValue = "hdfs-embedded:/",
            paramLabel = "LOCATION",
            description = {
                "Where the run and its checkpoints go: hdfs-embedded:/ (a single-process HDFS on this machine), file:DIR,"
                        + " or hdfs://... Default: ${DEFAULT-VALUE}"
            })
    private String store;

    @Mixin
    private SparkOptions spark;

    QuickstartCommand(Console console) {
        this.console = console;
    }

    @Override
    @SuppressWarnings("try") // the last word is kept until the work has ended
    public Integer call() throws IOException {
        long startNs = clock.nanoTime();
        Path folder = Locations.data().resolve("quickstart").toAbsolutePath().normalize();
        try (LastWord ignored = new LastWord(console, () -> "Interrupted. quickstart begins anew each time.");
                Locations locations = new Locations();
                Store local = new LocalStore(folder)) {
            local.delete("sample");
            local.delete("corpus");
            heading(1, "sample: a corpus with known answers");
            SampleCommand.make(console, sample(), folder.resolve("sample"));
            heading(2, "prepare: Spark turns text into token shards");
            prepare(folder);
            heading(3, "train: 4 ranks over Aeron, checkpoints on " + store);
            try (Store root = Stores.open(locations.resolve(store))) {
                root.delete(RUN);
            }
            String run = store + (store.endsWith("/") ? "" : "/") + RUN;
            train(folder, locations.resolve(run));
            heading(4, "evaluate: what did it learn?");
            EvaluateCommand.Report report = evaluate(folder, locations.resolve(run));
            conclude(folder, run, report, clock.nanoTime() - startNs);
        }
        return 0;
    }

    private void heading(int number, String text) {
        console.line("");
        console.line("[" + number + "/4] " + text);
    }

    private SampleConfig sample() {
        SampleConfig all = SampleConfig.DEFAULT;
        return smoke
                ? new SampleConfig(
                        List.of("de", "en", "hi"), 200, 0, all.heldOut(), 10, all.dates(), all.names(), all.seed())
                : all;
    }

    private void prepare(Path folder) {
        List<String> set = new ArrayList<>(
                List.of("input=" + folder.resolve("sample/train"), "output=" + folder.resolve("corpus")));
        if (smoke) {
            set.add("split.validation=0.2");
        }
        PrepareConfig config =
                config(PrepareConfig.class, "prepare/quickstart.yaml", set).value();
        PrepareReport report = PrepareCommand.run(console, config, spark);
        console.line(report.table().stripTrailing());
    }

    /** Trains to the middle, stops, and goes on to the end as a new job. */
    private void train(Path folder, String run) throws IOException {
        List<String> set = new ArrayList<>(List.of("data=" + folder.resolve("corpus"), "run=" + run));
        if (smoke) {
            set.addAll(List.of(
                    "steps=12",
                    "batch.global=4",
                    "batch.micro=1",
                    "optimizer.warmup-steps=2",
                    "checkpoint.every=6",
                    "evaluate.every=6",
                    "evaluate.sequences=8"));
        }
        long steps =
                config(TrainConfig.class, "train/quickstart.yaml", set).value().steps();
        set.add("stop-after=" + steps / 2);
        Resolved<TrainConfig> config = config(TrainConfig.class, "train/quickstart.yaml", set);
        TrainResult stopped = TrainJob.start(config, spark.target(), new TrainProgress(console));
        console.line("Stopped on purpose at step " + stopped.step() + ", checkpoint committed. Resuming as a new job:");
        TrainResult finished = TrainJob.resume(run, List.of(), spark.target(), new TrainProgress(console));
        console.line(
                "Done at step " + finished.step() + ". Around the stop, nothing is missing and nothing is done twice:");
        showSeam(run, stopped.step());
    }

    private void showSeam(String run, long stop) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        try (Store store = Stores.open(run);
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(store.open("metrics.jsonl", 0), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonObject step = Json.parseObject("metrics.jsonl", line.getBytes(StandardCharsets.UTF_8));
                long number = step.getLong("step");
                if (Math.abs(2 * (number - stop) - 1) <= 3) {
                    String job = number <= stop ? "first" : "resumed";
                    rows.add(List.of(
                            Long.toString(number),
                            job,
                            String.format(Locale.ROOT, "%.4f", step.getDouble("loss")),
                            String.format(Locale.ROOT, "%,d", step.getLong("tokens"))));
                }
            }
        }
        console.table(List.of("step", "job", "loss", "tokens seen"), rows);
    }

    private EvaluateCommand.Report evaluate(Path folder, String run) throws IOException {
        List<ExactMatch.Question> questions = EvaluateCommand.read(folder.resolve("sample/heldout.jsonl"));
        EvaluateCommand.Report report = Models.use(
                run,
                model -> EvaluateCommand.measure(model, folder.resolve("corpus").toString(), 1024, questions));
        EvaluateCommand.print(console, report);
        console.line("");
        console.line("Numbers that it has never seen, one per language:");
        onePerLanguage(report.answers())
                .forEach((language, answer) ->
                        console.line("  " + answer.question().prompt() + answer.given()
                                + (answer.right()
                                        ? ""
                                        : "   (right: " + answer.question().answer() + ")")));
        return report;
    }

    private static Map<String, ExactMatch.Answer> onePerLanguage(List<ExactMatch.Answer> answers) {
        Map<String, ExactMatch.Answer> first = new LinkedHashMap<>();
        answers.forEach(answer -> first.putIfAbsent(answer.question().language(), answer));
        return first;
    }

    private void conclude(Path folder, String run, EvaluateCommand.Report report, long tookNs) {
        console.line("");
        console.line("Done in " + Console.duration(tookNs) + ". What it made:");
        console.line("  " + folder.resolve("sample") + "    text, and questions with answers");
        console.line("  " + folder.resolve("corpus") + "    documents, tokenizer and token shards");
        console.line("  " + run + "    metrics, logs and checkpoints"
                + (EmbeddedLocation.matches(run)
                        ? " (data in " + Locations.data().resolve("hdfs") + ")"
                        : ""));
        if (!smoke) {
            console.line(String.format(
                    Locale.ROOT, "It spells %.0f %% of unseen numbers exactly right.", report.meanExactMatch() * 100));
        }
        console.line("Try next:");
        console.line("  ./polyglow generate " + run + " --prompt 'de | 418 |' --temperature 0");
        console.line("  ./polyglow inspect " + run + " --json");
        console.line("  ./polyglow resume " + run + " --set steps=" + (report.step() + 200)
                + " --set layout.data=1 --set layout.pipeline=2");
        console.line("  ./polyglow prepare configs/prepare/udhr.yaml --help      your own text");
    }

    private static <T extends Record> Resolved<T> config(Class<T> type, String name, List<String> set) {
        Path home = Path.of(System.getProperty("polyglow.root", "."));
        return ConfigFile.read(type, home.resolve("configs").resolve(name), set);
    }
}
