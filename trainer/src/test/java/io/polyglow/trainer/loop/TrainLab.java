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
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;

/** Trains tiny models with all ranks of a layout in one JVM. */
public final class TrainLab {
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    /** What one run showed: the metrics of rank 0, and that all ranks saw the same, and what rank 0 noted. */
    public record Run(List<StepMetrics> steps, List<String> notes, List<Throwable> errors) {
        /** Losses by step. */
        public List<Double> losses() {
            return steps.stream().map(StepMetrics::loss).toList();
        }

        /** Gradient norms by step. */
        public List<Double> norms() {
            return steps.stream().map(StepMetrics::gradientNorm).toList();
        }
    }

    private TrainLab() {}

    private record Ears(Consumer<StepMetrics> steps, List<String> notes) implements TrainListener {
        @Override
        public void stepped(StepMetrics metrics) {
            steps.accept(metrics);
        }

        @Override
        public void noted(String message) {
            notes.add(message);
        }
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
                checkpoint: {every: 0}
                evaluate: {every: 2, sequences: 5}
                """;
        return ConfigFile.load(TrainConfig.class, "test.yaml", yaml, List.of(overrides))
                .value();
    }

    /** Runs all ranks of the config's layout; an error of any rank is thrown. */
    public static Run train(TrainConfig config, Store run, TokenDataset corpus, Start start) throws Exception {
        return train(config, run, corpus, start, TrainLab::reference);
    }

    /** As above, on other engines than the reference. */
    public static Run train(
            TrainConfig config, Store run, TokenDataset corpus, Start start, IntFunction<Engine> engines)
            throws Exception {
        Run result = attempt(config, run, corpus, start, engines, metrics -> {});
        for (Throwable error : result.errors) {
            throw new AssertionError("a rank failed", error);
        }
        return result;
    }

    /** Runs all ranks of the config's layout and returns their errors. */
    public static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start) throws Exception {
        return attempt(config, run, corpus, start, TrainLab::reference, metrics -> {});
    }

    /** As above; {@code watcher} sees the metrics of rank 0, on its thread. */
    public static Run attempt(
            TrainConfig config, Store run, TokenDataset corpus, Start start, Consumer<StepMetrics> watcher)
            throws Exception {
        return attempt(config, run, corpus, start, TrainLab::reference, watcher);
    }

    static Run attempt(TrainConfig config, Store run, TokenDataset corpus, Start start, FaultyEngines engines)
            throws Exception {
        return attemptOn(engines, config, run, corpus, start);
    }

    private static Engine reference(int rank) {
        return Engines.named("reference").open(1);
    }

    /** As above, on engines by rank. */
    static Run attemptOn(IntFunction<Engine> engines, TrainConfig config, Store run, TokenDataset corpus, Start start)
            throws Exception {
        return attempt(config, run, corpus, start, engines, metrics -> {});
    }

    private static Run attempt(
            TrainConfig config,
            Store run,
            TokenDataset corpus,
            Start start,
            IntFunction<Engine> engines,
            Consumer<StepMetrics> watcher)
            throws Exception {
        Attempt attempt = Attempt.claim(run);
        List<RankLinks> links = InMemoryLinks.open(config.layout().grid(), 4, Duration.ofSeconds(60));
        List<List<StepMetrics>> steps = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<Callable<Long>> ranks = new ArrayList<>();
        for (RankLinks link : links) {
            List<StepMetrics> seen = new ArrayList<>();
            List<String> noted = link.rank() == 0 ? notes : new ArrayList<>();
            steps.add(seen);
            ranks.add(() -> {
                try (link;
                        Engine engine = engines.apply(link.rank())) {
                    Consumer<StepMetrics> listener = link.rank() == 0 ? watcher.andThen(seen::add) : seen::add;
                    Ears ears = new Ears(listener, noted);
                    return new TrainLoop(context(config, link, engine, run, corpus, attempt, start, ears)).run();
                }
            });
        }
        List<Throwable> errors = new ArrayList<>();
        for (Ranks.Outcome<Long> outcome : Ranks.run(ranks, PATIENCE)) {
            if (outcome.error() != null) {
                errors.add(outcome.error());
            }
        }
        requireSameEverywhere(steps, errors);
        return new Run(steps.get(0), notes, errors);
    }

    /** What the only rank of a layout allocates, before its first step. */
    static RankModel model(TrainConfig config, Engine engine, Store run, TokenDataset corpus) throws IOException {
        TrainConfig complete = config.forVocabulary(corpus.tokenizer().vocabSize());
        RankContext context = context(
                complete, RankLinks.single(), engine, run, corpus, Attempt.claim(run), Start.NEW, TrainListener.NONE);
        return new RankModel(context, complete, complete.computeType(engine));
    }

    private static RankContext context(
            TrainConfig config,
            RankLinks links,
            Engine engine,
            Store run,
            TokenDataset corpus,
            Attempt attempt,
            Start start,
            TrainListener listener) {
        TestSchedule schedule =
                config.layout().schedule().equals("gpipe") ? TestSchedule.GPIPE : TestSchedule.ONE_F_ONE_B;
        return new RankContext(
                config,
                links,
                schedule,
                engine,
                run,
                corpus,
                attempt,
                start,
                SystemNanoClock.INSTANCE,
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
