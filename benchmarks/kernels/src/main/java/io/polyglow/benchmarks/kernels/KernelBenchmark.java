package io.polyglow.benchmarks.kernels;

import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One kernel on tensors of its own. */
@State(Scope.Benchmark)
public class KernelBenchmark {
    /** Where {@code plan.json} is. */
    @Param("")
    public String folder = "";

    /** A name of {@link KernelCases}. */
    @Param("")
    public String kernel = "";

    private @Nullable Engine engine;
    private @Nullable Runnable work;

    /** Opens the engine and makes the tensors. */
    @Setup
    public void open() throws IOException {
        TrainPlan plan = TrainPlan.read(Path.of(folder));
        Engine opened = Engines.named(plan.engine()).open(plan.threads());
        engine = opened;
        KernelCase wanted = KernelCases.of(plan).stream()
                .filter(one -> one.name().equals(kernel))
                .findFirst()
                .orElseThrow();
        work = wanted.setup().on(new Tensors(opened), opened.kernels());
    }

    /** The kernel, once. */
    @Benchmark
    public void run() {
        Objects.requireNonNull(work).run();
    }

    /** Frees everything. */
    @TearDown
    public void close() {
        if (engine != null) {
            engine.close();
        }
    }
}
