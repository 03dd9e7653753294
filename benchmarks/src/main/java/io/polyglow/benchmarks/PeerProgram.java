package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.trace.PeakMemory;
import io.polyglow.trainer.config.TrainConfig.Optimizer;
import io.polyglow.trainer.optim.LearningRate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * The program of a peer on the JVM: {@code VERB FOLDER RESULT}, as {@link Contender} starts it, with the verbs {@code train}, which takes fewer steps than the
 * plan has where those would take longer than {@link #MOST_SECONDS}, {@code curve}, which takes all of them, {@code loss} and {@code gradients} (in f32
 * whatever the plan says).
 */
public final class PeerProgram {
    /** Of all timed steps and those before them: half of the usual time limit of a process. */
    static final double MOST_SECONDS = 300;

    private final WorkFolder folder;
    private final TrainPlan plan;
    private final Factory factory;
    private final NanoClock clock;
    private final long beginNs;

    /** Makes a model from the initial weights. */
    public interface Factory {
        /** Opens a model; the plan says on how many threads and in which types it computes. */
        PeerModel open(TrainPlan plan, Weights weights);
    }

    private PeerProgram(WorkFolder folder, Factory factory, NanoClock clock) throws IOException {
        this.clock = clock;
        this.beginNs = clock.nanoTime();
        this.folder = folder;
        this.plan = folder.plan();
        this.factory = factory;
    }

    /** Does what the arguments say and writes the result file. */
    public static void run(List<String> arguments, Factory factory) throws IOException {
        run(arguments, factory, SystemNanoClock.INSTANCE);
    }

    static void run(List<String> arguments, Factory factory, NanoClock clock) throws IOException {
        if (arguments.size() != 3) {
            throw new PolyglowException(ErrorKind.USAGE, "a peer needs a verb, a folder and a result file");
        }
        PeerProgram program = new PeerProgram(new WorkFolder(Path.of(arguments.get(1))), factory, clock);
        JsonObject result =
                switch (arguments.get(0)) {
                    case "train" -> program.train(MOST_SECONDS).json();
                    case "curve" -> program.train(Double.POSITIVE_INFINITY).json();
                    case "loss" -> program.loss();
                    case "gradients" -> program.gradients();
                    default ->
                        throw new PolyglowException(
                                ErrorKind.USAGE,
                                "this peer knows train, curve, loss and gradients, not " + arguments.get(0));
                };
        Files.writeString(Path.of(arguments.get(2)), Json.pretty(result));
    }

    private PeerModel open() throws IOException {
        return factory.open(plan, Weights.read(folder.checkpoint(plan)));
    }

    private Measurement train(double mostSeconds) throws IOException {
        Optimizer settings = plan.config().optimizer();
        LearningRate rate = new LearningRate(
                settings.learningRate(), settings.minLearningRate(), settings.warmupSteps(), plan.allSteps());
        Steps planned = new Steps(plan.warmup(), plan.steps());
        Steps steps = planned;
        List<Double> seconds = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        try (PeerModel model = open();
                SampleReader samples = new SampleReader(folder.file(WorkFolder.TOKENS), plan.context())) {
            long lastNs = clock.nanoTime();
            long firstNs = lastNs;
            for (int step = 1; step <= steps.all(); step++) {
                losses.add(model.step(samples.next(plan.batch(), plan.micro()), rate.at(step)));
                long nowNs = clock.nanoTime();
                seconds.add((nowNs - lastNs) / 1e9);
                lastNs = nowNs;
                steps = planned.within(mostSeconds, (nowNs - firstNs) / 1e9 / step);
            }
            return new Measurement(
                    model.describe(),
                    model.dtype(),
                    steps.warmup(),
                    (firstNs - beginNs) / 1e9,
                    seconds,
                    losses,
                    PeakMemory.rssBytes(),
                    0,
                    0,
                    0,
                    0);
        }
    }

    private JsonObject gradients() throws IOException {
        TrainPlan exact = plan.withDtype("f32");
        try (PeerModel model = factory.open(exact, Weights.read(folder.checkpoint(exact)))) {
            return Gradients.theirs(folder, exact, model);
        }
    }

    private JsonObject loss() throws IOException {
        try (PeerModel model = open();
                SampleReader samples = new SampleReader(folder.file(WorkFolder.TOKENS), plan.context())) {
            int[][][] batch = samples.next(plan.batch(), plan.micro());
            double total = 0;
            for (int[][] micro : batch) {
                total += model.loss(micro);
            }
            return new JsonObject().put("loss", total / batch.length);
        }
    }
}
