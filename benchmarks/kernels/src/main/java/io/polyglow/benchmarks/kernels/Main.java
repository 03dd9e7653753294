package io.polyglow.benchmarks.kernels;

import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.common.AllowApi;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** {@code kernels FOLDER RESULT}: times the kernels of the plan in a folder and writes a JSON file. */
@AllowApi("this is a process of its own")
public final class Main {
    private static final int WARMUPS = 2;
    private static final int MEASUREMENTS = 5;

    private Main() {}

    /** Runs JMH, one process a kernel; refuses before that a type which the engine does not multiply. */
    public static void main(String[] arguments) throws IOException, RunnerException {
        Path folder = Path.of(arguments[1]);
        TrainPlan plan = TrainPlan.read(folder);
        try (Engine engine = Engines.named(plan.engine()).open(plan.threads())) {
            plan.config().computeType(engine);
        } catch (PolyglowException e) {
            System.err.println("polyglow bench: " + e.getMessage());
            System.exit(e.kind().exitCode());
        }
        String[] names = KernelCases.of(plan).stream().map(KernelCase::name).toArray(String[]::new);
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include(KernelBenchmark.class.getName())
                        .mode(Mode.AverageTime)
                        .timeUnit(TimeUnit.MICROSECONDS)
                        .forks(1)
                        .warmupIterations(WARMUPS)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(MEASUREMENTS)
                        .measurementTime(TimeValue.milliseconds(500))
                        .param("folder", folder.toString())
                        .param("kernel", names)
                        .build())
                .run();
        Files.writeString(Path.of(arguments[2]), Json.pretty(KernelReport.of(plan, results)));
    }
}
