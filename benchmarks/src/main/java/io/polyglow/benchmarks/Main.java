package io.polyglow.benchmarks;

import io.polyglow.common.AllowApi;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * The benchmarks as a program: {@code train-step}, {@code loss-curve} and {@code logits} with options for people, {@code train}, {@code export} and
 * {@code predict} with a folder and a result file for the processes that these start.
 */
@AllowApi("a program of its own where the cli is not at hand")
public final class Main {
    private static final int TIMED_STEPS = 20;
    private static final int WARMUP_STEPS = 5;
    private static final int CURVE_STEPS = 500;

    private final PrintStream out;
    private final PrintStream err;
    private final NanoClock clock;

    private Main(PrintStream out, PrintStream err, NanoClock clock) {
        this.out = out;
        this.err = err;
        this.clock = clock;
    }

    /** Runs one benchmark and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(run(Arrays.asList(args), System.out, System.err));
    }

    /** Runs one benchmark; results go to {@code out}, news and errors to {@code err}. Returns the exit code. */
    public static int run(List<String> line, PrintStream out, PrintStream err) {
        try {
            new Main(out, err, SystemNanoClock.INSTANCE).dispatch(line);
            return 0;
        } catch (PolyglowException e) {
            err.println("polyglow bench: " + e.getMessage());
            return e.kind().exitCode();
        } catch (IOException e) {
            err.println("polyglow bench: " + e);
            return ErrorKind.ENVIRONMENT.exitCode();
        }
    }

    private void dispatch(List<String> line) throws IOException {
        String verb = line.isEmpty() ? "" : line.get(0);
        List<String> rest = line.isEmpty() ? line : line.subList(1, line.size());
        switch (verb) {
            case "train-step" -> trainStep(BenchOptions.parse(rest, TIMED_STEPS, WARMUP_STEPS));
            case "loss-curve" -> lossCurve(BenchOptions.parse(rest, CURVE_STEPS, 0));
            case "logits" -> logits(BenchOptions.parse(rest, 1, 0));
            case "train", "export", "predict" -> work(verb, rest);
            default ->
                throw new PolyglowException(
                        ErrorKind.USAGE, "name a benchmark: train-step, loss-curve or logits, not \"" + verb + "\"");
        }
    }

    private void trainStep(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            TrainStepReport report = new TrainStepBench(options, folder, err::println).run();
            report.lines().forEach(out::println);
            return report.json();
        });
    }

    private void lossCurve(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject summary = new LossCurve(options, folder, err::println).run();
            out.println(
                    "absolute difference of losses, min - median - max: " + summary.getObject("absolute_difference"));
            out.println("mean loss of the last steps: " + summary.getObject("mean_of_last"));
            return summary;
        });
    }

    private void logits(BenchOptions options) throws IOException {
        inFolder(options, folder -> {
            JsonObject comparison = Logits.compare(options, folder);
            out.println("logits: " + comparison.getObject("result"));
            return comparison;
        });
    }

    /** A benchmark whose files are in a folder. */
    private interface Benchmark {
        JsonObject in(WorkFolder folder) throws IOException;
    }

    private void inFolder(BenchOptions options, Benchmark benchmark) throws IOException {
        Path given = options.folder();
        Path root = given == null ? Files.createTempDirectory("polyglow-bench-") : given.toAbsolutePath();
        try {
            JsonObject result = benchmark.in(new WorkFolder(root));
            if (options.json()) {
                out.println(Json.line(result));
            }
        } finally {
            if (given == null) {
                Export.delete(root);
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
                    default -> trial.predict();
                };
        Files.writeString(Path.of(files.get(1)), Json.pretty(result));
    }
}
