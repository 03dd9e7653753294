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
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    /** Times the steps; keeps nothing of them. */
    Measurement measure() throws IOException {
        return run(plan.config(), folder.file("run"), TrainLoop::rehearse);
    }

    /** Writes the initial weights as a checkpoint: one step with a learning rate of zero, whose loss is theirs. */
    Measurement export() throws IOException {
        return run(plan.config(0, 1), folder.weights(plan), TrainLoop::run);
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

    private Measurement run(TrainConfig config, Path runFolder, Work work) throws IOException {
        Watch watch = new Watch(clock);
        try (Store run = new LocalStore(runFolder);
                Store corpus = folder.corpus(plan);
                RankLinks links = RankLinks.single();
                Engine engine = openEngine()) {
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
            return watch.measurement(plan, PeakMemory.rssBytes());
        }
    }

    private Engine openEngine() {
        int threads = plan.threads() == 0 ? Runtime.getRuntime().availableProcessors() : plan.threads();
        return Engines.named(plan.engine()).open(threads);
    }

    /** Wall time from one step's end to the next, so that nothing between steps is left out. */
    private static final class Watch implements TrainListener {
        private final NanoClock clock;
        private final long beginNs;
        private final List<Double> seconds = new ArrayList<>();
        private final List<Double> losses = new ArrayList<>();
        private String engine = "";
        private double startSeconds;
        private final List<Long> garbage = new ArrayList<>();
        private long lastHeapBytes;
        private long lastNs;

        Watch(NanoClock clock) {
            this.clock = clock;
            this.beginNs = clock.nanoTime();
        }

        @Override
        public void started(RunStart start) {
            engine = start.engine() + "; " + start.memory();
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
            lastNs = nowNs;
        }

        Measurement measurement(TrainPlan plan, long rssBytes) {
            return new Measurement(
                    engine, plan.dtype(), plan.warmup(), startSeconds, seconds, losses, rssBytes, 0, garbagePerStep());
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
