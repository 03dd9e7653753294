package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Runs benchmarks by their command lines: {@code train-step}, {@code loss-curve}, {@code gradients}, {@code kernels}, {@code logits} and {@code encode} for people; {@code train}, {@code export}, {@code ideal}, {@code gradients-of-ours} and
 * {@code predict} with a folder and a result file for the processes that these start.
 */
public final class Benchmarks {
    /** What a command line may say, for help texts. */
    public static final List<String> HELP = List.of(
            "train-step   times training steps of ours and of peers in turn",
            "loss-curve   trains ours and one peer from the same weights on the same batches",
            "gradients    compares gradients with those of a peer in f32",
            "kernels      times the kernels of a training step one by one",
            "logits       compares f32 logits with those of Hugging Face Transformers",
            "encode       times encoding on one thread, ours beside other tokenizers, all in one JVM",
            "",
            "--engine NAME      which engine of ours computes (auto); peers take the GPU when it is cuda",
            "--model NAME       " + String.join(" | ", NamedModels.names()) + " (small)",
            "--batch N          sequences of a step (4)",
            "--micro N          sequences computed at once (as --batch)",
            "--context N        tokens of a sequence (256)",
            "--dtype D          of matrix products: f32 | bf16 (f32); the peer nd4j computes in f32, its best, in any case",
            "--threads N        of contenders on the CPU; 0 takes all cores (0)",
            "--steps N          timed steps (20; of loss-curve: all steps, 500)",
            "--warmup N         steps before the timed ones (5; of loss-curve: 0)",
            "--seed N           of weights, tokens and their order (1234)",
            "--recompute LEVEL  what ours computes again in the backward pass: none | selective | full (none); peers keep all",
            "--peers A,B        " + String.join(" | ", Contenders.PEERS)
                    + " (none; of loss-curve: torch, or f32 | bf16: ours in that type)",
            "--rounds N         how often each contender runs, in turn (1)",
            "--python FILE      a Python 3 with PyTorch for the peers (python3)",
            "--no-check         times peers without a check that their loss equals ours; without it those whose loss differs",
            "                   are left out",
            "--timeout SECONDS  of each process (600); peers on the JVM take fewer steps where all would take over 300",
            "--out DIR          keeps weights, tokens and logs here (a temporary folder)",
            "--json             prints one JSON object last",
            "",
            "of encode:",
            "--input FILE...    texts, or directories of texts; worst:a, worst:^, worst:words, worst:letters are made up,"
                    + " one text of 10 MB without spaces (worst:a:100 of 100 MB)",
            "--peers A,B        hf | jtokkit (none)",
            "--encodings A,B    r50k_base | cl100k_base | o200k_base (all)",
            "--rounds N         timed rounds, contenders in turn (5)",
            "--timeout, --out, --json as above");

    private static final int TIMED_STEPS = 20;
    private static final int WARMUP_STEPS = 5;
    private static final int CURVE_STEPS = 500;

    private final Consumer<String> results;
    private final Consumer<String> news;
    private final NanoClock clock = SystemNanoClock.INSTANCE;

    private Benchmarks(Consumer<String> results, Consumer<String> news) {
        this.results = results;
        this.news = news;
    }

    /** Runs the benchmark that the first word names; hands lines of results and of news to the given sinks. */
    public static void run(List<String> line, Consumer<String> results, Consumer<String> news) throws IOException {
        String verb = line.isEmpty() ? "" : line.get(0);
        List<String> rest = line.isEmpty() ? line : line.subList(1, line.size());
        Benchmarks benchmarks = new Benchmarks(results, news);
        switch (verb) {
            case "train-step" -> benchmarks.trainStep(BenchOptions.parse(rest, TIMED_STEPS, WARMUP_STEPS));
            case "loss-curve" -> benchmarks.lossCurve(BenchOptions.parse(rest, CURVE_STEPS, 0));
            case "gradients" -> benchmarks.gradients(BenchOptions.parse(rest, 1, 0));
            case "kernels" -> benchmarks.kernels(BenchOptions.parse(rest, 1, 0));
            case "logits" -> benchmarks.logits(BenchOptions.parse(rest, 1, 0));
            case "encode" -> benchmarks.encode(EncodeOptions.parse(rest));
            case "train", "export", "ideal", "gradients-of-ours", "predict" -> benchmarks.work(verb, rest);
            default ->
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "name a benchmark: train-step, loss-curve, gradients, kernels, logits, encode, prepare, dedup, extract or"
                                + " language, not \"" + verb + "\"");
        }
    }

    private void trainStep(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            TrainStepReport report = new TrainStepBench(options, folder, news).run();
            report.lines().forEach(results);
            return report.json();
        });
    }

    private void lossCurve(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject summary = new LossCurve(options, folder, news).run();
            results.accept("absolute difference of losses: " + summary.getObject("absolute_difference"));
            results.accept(
                    "largest relative difference of a step: " + summary.getDouble("largest_relative_difference"));
            results.accept("mean loss of the last steps: " + summary.getObject("mean_of_last"));
            return summary;
        });
    }

    private void gradients(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject comparison = Gradients.compare(options, folder);
            results.accept(
                    "loss: ours " + comparison.getDouble("loss") + ", theirs " + comparison.getDouble("peer_loss"));
            results.accept("gradients: " + comparison.getObject("distance"));
            return comparison;
        });
    }

    private void kernels(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject result = KernelBench.run(options, folder, news);
            KernelBench.table(result).forEach(results);
            return result;
        });
    }

    private void encode(EncodeOptions options) throws IOException {
        inFolder(options.folder(), options.json(), folder -> {
            JsonObject result = EncodeBench.run(options, folder, news);
            EncodeBench.table(result).forEach(results);
            return result;
        });
    }

    private void logits(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject comparison = Logits.compare(options, folder);
            results.accept("logits: " + comparison.getObject("result"));
            return comparison;
        });
    }

    /** A benchmark whose files are in a folder. */
    private interface Benchmark {
        JsonObject in(WorkFolder folder) throws IOException;
    }

    private void inFolder(BenchOptions options, Benchmark benchmark) throws IOException {
        inFolder(options.folder(), options.json(), benchmark);
    }

    private void inFolder(@Nullable Path given, boolean json, Benchmark benchmark) throws IOException {
        Path root = given == null ? Files.createTempDirectory("polyglow-bench-") : given.toAbsolutePath();
        boolean logsWanted = true;
        try {
            JsonObject result = benchmark.in(new WorkFolder(root));
            if (json) {
                results.accept(Json.line(result));
            }
            logsWanted = false;
        } catch (PolyglowException e) {
            logsWanted = e.kind() != ErrorKind.USAGE;
            throw e;
        } finally {
            if (given == null && !logsWanted) {
                WorkFolder.delete(root);
            }
        }
    }

    private void work(String verb, List<String> files) throws IOException {
        if (files.size() != 2) {
            throw new PolyglowException(ErrorKind.USAGE, verb + " needs a folder and a result file");
        }
        Trial trial = new Trial(new WorkFolder(Path.of(files.get(0))), clock);
        JsonObject result =
                switch (verb) {
                    case "train" -> trial.measure().json();
                    case "export" -> trial.export().json();
                    case "ideal" -> trial.ideal();
                    case "gradients-of-ours" -> trial.gradients();
                    default -> trial.predict();
                };
        Files.writeString(Path.of(files.get(1)), Json.pretty(result));
    }
}
