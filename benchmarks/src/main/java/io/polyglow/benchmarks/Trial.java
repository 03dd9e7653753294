package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.trace.PeakMemory;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.loop.RankContext;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.StepMetrics;
import io.polyglow.trainer.loop.TrainListener;
import io.polyglow.trainer.loop.TrainLoop;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.plan.Throughput;
import io.polyglow.trainer.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;

/** Ours, in this process: the plan's steps on one rank by the real training loop. */
final class Trial {
    private final WorkFolder folder;
    private final TrainPlan plan;
    private final NanoClock clock;

    Trial(WorkFolder folder, NanoClock clock) throws IOException {
        this.folder = folder;
        this.plan = folder.plan();
        this.clock = clock;
    }

    /** Times the steps, then the engine's fastest product; keeps nothing of them. */
    Measurement measure() throws IOException {
        return run(plan.config(), folder.file("run"), TrainLoop::rehearse, engine -> {
            DType dtype = DType.valueOf(plan.dtype().toUpperCase(Locale.ROOT));
            return Throughput.peakFlops(engine, dtype, clock);
        });
    }

    /** Writes the initial weights as a checkpoint: one step with a learning rate of zero, whose loss is theirs. */
    Measurement export() throws IOException {
        return run(plan.config(0, 1), folder.weights(plan), TrainLoop::run, engine -> 0);
    }

    /** Writes gradients of the exported weights. */
    JsonObject gradients() throws IOException {
        try (Engine engine = openEngine()) {
            return Gradients.ours(folder, plan, engine).put("description", engine.describe());
        }
    }

    /** Times the step's products one by one. */
    JsonObject ideal() {
        try (Engine engine = openEngine()) {
            return new IdealTime(plan, engine, clock).measure();
        }
    }

    /** Writes logits of the exported weights, computed in f32. */
    JsonObject predict() throws IOException {
        try (Engine engine = openEngine()) {
            return Logits.predict(folder, plan, engine).put("description", engine.describe());
        }
    }

    /** What to do with a loop. */
    private interface Work {
        void with(TrainLoop loop);
    }

    private Measurement run(TrainConfig config, Path runFolder, Work work, ToDoubleFunction<Engine> peakFlops)
            throws IOException {
        long beginNs = clock.nanoTime();
        try (Store run = new LocalStore(runFolder);
                Store corpus = folder.corpus(plan);
                RankLinks links = RankLinks.single();
                Engine engine = openEngine()) {
            Watch watch = new Watch(clock, beginNs, engine);
            work.with(new TrainLoop(new RankContext(
                    config,
                    links,
                    new OneStageSchedule(),
                    engine,
                    run,
                    TokenDataset.open(corpus, ""),
                    Attempt.claim(run),
                    Start.NEW,
                    clock,
                    SystemEpochClock.INSTANCE,
                    watch)));
            long rssBytes = PeakMemory.rssBytes();
            return watch.measurement(plan, rssBytes, peakFlops.applyAsDouble(engine));
        }
    }

    private Engine openEngine() {
        return Engines.named(plan.engine()).open(plan.threads());
    }

    /** Wall time from one step's end to the next, so that nothing between steps is left out. */
    private static final class Watch implements TrainListener {
        private final NanoClock clock;
        private final long beginNs;
        private final List<Double> seconds = new ArrayList<>();
        private final List<Double> losses = new ArrayList<>();
        private final List<Double> idle = new ArrayList<>();
        private final Engine engine;
        private String description = "";
        private double startSeconds;
        private final List<Long> garbage = new ArrayList<>();
        private long lastHeapBytes;
        private long lastNs;
        private long lastIdleNs;

        Watch(NanoClock clock, long beginNs, Engine engine) {
            this.clock = clock;
            this.beginNs = beginNs;
            this.engine = engine;
        }

        @Override
        public void started(RunStart start) {
            description = start.engine() + "; " + start.memory();
            lastIdleNs = engine.idleNs();
            lastNs = clock.nanoTime();
            startSeconds = (lastNs - beginNs) / 1e9;
        }

        @Override
        public void stepped(StepMetrics metrics) {
            long nowNs = clock.nanoTime();
            seconds.add((nowNs - lastNs) / 1e9);
            losses.add(metrics.loss());
            long heapBytes = Garbage.bytes();
            garbage.add(heapBytes - lastHeapBytes);
            lastHeapBytes = heapBytes;
            long idleNs = engine.idleNs();
            idle.add((idleNs - lastIdleNs) / 1e9);
            lastIdleNs = idleNs;
            lastNs = nowNs;
        }

        Measurement measurement(TrainPlan plan, long rssBytes, double peakFlops) {
            return new Measurement(
                    description,
                    plan.dtype(),
                    plan.warmup(),
                    startSeconds,
                    seconds,
                    losses,
                    rssBytes,
                    0,
                    garbagePerStep(),
                    peakFlops,
                    timed(idle, plan) / timed(seconds, plan));
        }

        private static double timed(List<Double> perStep, TrainPlan plan) {
            int from = Math.min(plan.warmup(), perStep.size() - 1);
            return perStep.subList(from, perStep.size()).stream()
                    .mapToDouble(Double::doubleValue)
                    .sum();
        }

        /** The median of the second half of the steps: what is compiled late is not what a step costs. */
        private double garbagePerStep() {
            List<Long> late = garbage.subList(garbage.size() / 2, garbage.size()).stream()
                    .sorted()
                    .toList();
            return late.isEmpty() ? 0 : late.get(late.size() / 2);
        }
    }
}
