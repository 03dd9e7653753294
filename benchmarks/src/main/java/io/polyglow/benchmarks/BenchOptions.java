package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engines;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks of a benchmark.
 *
 * @param peers names of {@link Contenders}, in order
 * @param rounds how often each contender runs, in turn
 * @param python the Python that peers run on
 * @param folder where files go, or null for a temporary folder
 * @param timeoutSeconds of each process
 * @param check whether losses are compared before anything is timed
 * @param json whether one JSON object is printed last
 */
record BenchOptions(
        TrainPlan plan,
        List<String> peers,
        int rounds,
        String python,
        @Nullable Path folder,
        int timeoutSeconds,
        boolean check,
        boolean json) {
    private static final Set<String> NAMED = new LinkedHashSet<>(List.of(
            "--engine",
            "--model",
            "--batch",
            "--micro",
            "--context",
            "--dtype",
            "--threads",
            "--steps",
            "--warmup",
            "--seed",
            "--recompute",
            "--peers",
            "--rounds",
            "--python",
            "--out",
            "--timeout"));
    private static final Set<String> FLAGS = new TreeSet<>(List.of("--json", "--no-check"));

    BenchOptions {
        peers = List.copyOf(peers);
        if (rounds < 1 || timeoutSeconds < 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "--rounds " + rounds + " and --timeout " + timeoutSeconds + " must be at least 1");
        }
    }

    /** Every name that a command line may use. */
    static Set<String> names() {
        Set<String> names = new LinkedHashSet<>(NAMED);
        names.addAll(FLAGS);
        return names;
    }

    /** Parses a command line; {@code steps} and {@code warmup} are the command's own defaults. */
    static BenchOptions parse(List<String> line, int steps, int warmup) {
        Arguments arguments = new Arguments(line, NAMED, FLAGS);
        int batch = arguments.number("--batch", 4);
        TrainPlan plan = new TrainPlan(
                engine(arguments.text("--engine", Engines.AUTO)),
                arguments.text("--model", "small"),
                arguments.number("--context", 256),
                batch,
                arguments.number("--micro", batch),
                arguments.text("--dtype", "f32"),
                threads(arguments.number("--threads", 0)),
                arguments.number("--warmup", warmup),
                arguments.number("--steps", steps),
                arguments.number("--seed", 1234),
                TrainPlan.recompute(arguments.text("--recompute", "none")));
        String peers = arguments.text("--peers", "");
        String out = arguments.text("--out");
        return new BenchOptions(
                plan,
                peers.isEmpty() ? List.of() : List.of(peers.split(",")),
                arguments.number("--rounds", 1),
                arguments.text("--python", "python3"),
                out == null ? null : Path.of(out),
                arguments.number("--timeout", 600),
                !arguments.has("--no-check"),
                arguments.has("--json"));
    }

    /** All cores where none are asked for, settled here, so that no contender chooses for itself. */
    private static int threads(int asked) {
        return asked == 0 ? Runtime.getRuntime().availableProcessors() : asked;
    }

    /** Peers must know whether ours takes the GPU, so the choice of {@code auto} is made here. */
    private static String engine(String asked) {
        return asked.equals(Engines.AUTO) ? Engines.named(asked).name() : asked;
    }
}
