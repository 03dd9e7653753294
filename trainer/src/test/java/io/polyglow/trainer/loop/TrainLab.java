package io.polyglow.trainer.loop;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.parallel.InMemoryLinks;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.parallel.Schedule;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;

/** Trains tiny models with all ranks of a layout in one JVM. */
public final class TrainLab {
    private static final Duration PATIENCE = Duration.ofSeconds(100);
    /** By which the smallest product is long enough to tell the engine's peak: most of the time of a tiny run would go there. */
    private static final NanoClock FAST = () -> 1000 * System.nanoTime();

    /** What one run showed: how rank 0 began, its metrics, and that all ranks saw the same, and what rank 0 noted. */
    public record Run(
            List<TrainListener.RunStart> starts, List<StepMetrics> steps, List<String> notes, List<Throwable> errors) {
        /** Losses by step. */
        public List<Double> losses() {
            return steps.stream().map(StepMetrics::loss).toList();
        }

        /** Gradient norms by step. */
        public List<Double> norms() {
            return steps.stream().map(StepMetrics::gradientNorm).toList();
        }
    }

    /** Through what the ranks meet and on what they compute. */
    public record Machinery(List<RankLinks> links, Schedule schedule, IntFunction<Engine> engines) {
        /** All in memory, with the engine that the config names. */
        static Machinery inMemory(TrainConfig config) {
            return inMemory(config, engines(config));
        }

        static Machinery inMemory(TrainConfig config, IntFunction<Engine> engines) {
            TestSchedule schedule =
                    config.layout().schedule().equals("gpipe") ? TestSchedule.GPIPE : TestSchedule.ONE_F_ONE_B;
            return new Machinery(
                    InMemoryLinks.open(config.layout().grid(), 4, Duration.ofSeconds(60)), schedule, engines);
        }

        /** One thread for every rank, on the engine that the config names. */
        public static IntFunction<Engine> engines(TrainConfig config) {
            return rank -> Engines.named(config.engine().name().toLowerCase(Locale.ROOT))
                    .open(1);
        }
    }

    private TrainLab() {}

    private record Ears(List<RunStart> starts, Consumer<StepMetrics> steps, List<String> notes)
            implements TrainListener {
        @Override
        public void started(RunStart start) {
            starts.add(start);
        }

        @Override
        public void stepped(StepMetrics metrics) {
            steps.accept(metrics);
        }

        @Override
        public void noted(String message) {
            notes.add(message);
        }
    }

    /** Overrides that make the tiny config's model a Llama-style one. */
    public static List<String> llama() {
        return List.of(
                "model.norm=rmsnorm",
                "model.positions=rope",
                "model.activation=swiglu",
                "model.bias=false",
                "model.kv-heads=1",
                "model.hidden=24");
    }

    /** A tiny config; {@code overrides} are {@code key=value}. */
    public static TrainConfig config(String... overrides) {
        String yaml =
                """
                data: corpus
                run: run
                steps: 4
                seed: 7
                engine: reference
                dtype: f32
                layout: {}
                batch: {global: 8, micro: 1, canonical-width: 4}
                model: {layers: 2, heads: 2, channels: 16, context: 8}
                optimizer: {learning-rate: 0.01, warmup-steps: 2}
                checkpoint: {every: 0, retry-seconds: 0}
                evaluate: {every: 2, sequences: 5}
                """;
        return ConfigFile.load(TrainConfig.class, "test.yaml", yaml, List.of(overrides))
                .value();
    }

    /** Runs all ranks of the config's layout; an error of any rank is thrown. */
    public static Run train(TrainConfig config, Store run, TokenDataset corpus, Start start) throws Exception {
        return train(config, run, corpus, start, Machinery.inMemory(config));
    }

    /** As above, on these engines by rank. */
    public static Run train(
            TrainConfig config, Store run, TokenDataset corpus, Start start, IntFunction<Engine> engines)
            throws Exception {
        return train(config, run, corpus, start, Machinery.inMemory(config, engines));
    }

    /** As above, through other links. */
    public static Run train(TrainConfig config, Store run, TokenDataset corpus, Start start, Machinery machinery)
            throws Exception {
        Run result = attempt(config, run, corpus, start, machinery, metrics -> {}, FAST, PATIENCE);
        for (Throwable error : result.errors) {
            throw new AssertionError("a rank failed", error);
        }
        return result;
    }

    /** Runs all ranks of the config's layout and returns their errors. */
    public static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start) throws Exception {
        return attempt(config, run, corpus, start, metrics -> {});
    }

    /** As above, by another clock. */
    public static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start, NanoClock clock)
            throws Exception {
        return attempt(config, run, corpus, start, clock, PATIENCE);
    }

    /** As above, with time for so long. */
    public static Run attempt(
            TrainConfig config, Store run, TokenDataset corpus, Start start, NanoClock clock, Duration patience)
            throws Exception {
        return attempt(config, run, corpus, start, Machinery.inMemory(config), metrics -> {}, clock, patience);
    }

    /** As above; {@code watcher} sees the metrics of rank 0, on its thread. */
    public static Run attempt(
            TrainConfig config, Store run, TokenDataset corpus, Start start, Consumer<StepMetrics> watcher)
            throws Exception {
        return attempt(config, run, corpus, start, Machinery.inMemory(config), watcher, FAST, PATIENCE);
    }

    static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start, FaultyEngines engines)
            throws Exception {
        return attempt(config, run, corpus, start, Machinery.inMemory(config, engines));
    }

    static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start, Machinery machinery)
            throws Exception {
        return attempt(config, run, corpus, start, machinery, metrics -> {}, FAST, PATIENCE);
    }

    private static Run attempt(
            TrainConfig config,
            Store run,
            TokenDataset corpus,
            Start start,
            Machinery machinery,
            Consumer<StepMetrics> watcher,
            NanoClock clock,
            Duration patience)
            throws Exception {
        Attempt attempt = Attempt.claim(run);
        List<List<StepMetrics>> steps = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<TrainListener.RunStart> starts = new ArrayList<>();
        List<Callable<Long>> ranks = new ArrayList<>();
        for (RankLinks link : machinery.links) {
            List<StepMetrics> seen = new ArrayList<>();
            List<String> noted = link.rank() == 0 ? notes : new ArrayList<>();
            List<TrainListener.RunStart> started = link.rank() == 0 ? starts : new ArrayList<>();
            steps.add(seen);
            ranks.add(() -> {
                try (link;
                        Engine engine = machinery.engines.apply(link.rank())) {
                    Consumer<StepMetrics> listener = link.rank() == 0 ? watcher.andThen(seen::add) : seen::add;
                    Ears ears = new Ears(started, listener, noted);
                    Schedule schedule = machinery.schedule;
                    return new TrainLoop(
                                    context(config, link, schedule, engine, run, corpus, attempt, start, clock, ears))
                            .run();
                }
            });
        }
        List<Throwable> errors = new ArrayList<>();
        for (Ranks.Outcome<Long> outcome : Ranks.run(ranks, patience)) {
            if (outcome.error() != null) {
                errors.add(outcome.error());
            }
        }
        requireSameEverywhere(steps, errors);
        return new Run(starts, steps.get(0), notes, errors);
    }

    /** What the only rank of a layout allocates, before its first step. */
    static RankModel model(TrainConfig config, Engine engine, Store run, TokenDataset corpus) throws IOException {
        TrainConfig complete = config.forVocabulary(corpus.tokenizer().vocabSize());
        RankContext context = context(
                complete,
                RankLinks.single(),
                TestSchedule.ONE_F_ONE_B,
                engine,
                run,
                corpus,
                Attempt.claim(run),
                Start.NEW,
                SystemNanoClock.INSTANCE,
                new TrainListener() {});
        return new RankModel(context, complete, complete.computeType(engine));
    }

    private static RankContext context(
            TrainConfig config,
            RankLinks links,
            Schedule schedule,
            Engine engine,
            Store run,
            TokenDataset corpus,
            Attempt attempt,
            Start start,
            NanoClock clock,
            TrainListener listener) {
        return new RankContext(
                config,
                links,
                schedule,
                engine,
                run,
                corpus,
                attempt,
                start,
                clock,
                SystemEpochClock.INSTANCE,
                listener);
    }

    private static void requireSameEverywhere(List<List<StepMetrics>> steps, List<Throwable> errors) {
        for (List<StepMetrics> rank : steps) {
            for (int i = 0; i < rank.size() && errors.isEmpty(); i++) {
                StepMetrics mine = rank.get(i);
                StepMetrics first = steps.get(0).get(i);
                if (mine.loss() != first.loss() || mine.gradientNorm() != first.gradientNorm()) {
                    throw new AssertionError("ranks disagree: " + first + " and " + mine);
                }
            }
        }
    }
}
