package io.polyglow.trainer.loop;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.common.trace.MetricsLog;
import io.polyglow.trainer.checkpoint.Checkpoint;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.checkpoint.CheckpointLoader;
import io.polyglow.trainer.checkpoint.CheckpointSaver;
import io.polyglow.trainer.checkpoint.Committer;
import io.polyglow.trainer.checkpoint.HuggingFaceConfig;
import io.polyglow.trainer.checkpoint.Manifest;
import io.polyglow.trainer.config.ResumeRules;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.eval.HeldOutLoss;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.plan.Throughput;
import io.polyglow.trainer.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The training of one rank, from the first or the resumed step to the last. All ranks of a layout run the same loop; rank 0 decides where to begin and
 * publishes checkpoints, replica 0 of the last stage writes metrics. Used once, by one thread.
 */
public final class TrainLoop {
    /** The resolved config of the newest attempt, in the run directory. */
    public static final String CONFIG_FILE = "config.yaml";

    private final RankContext context;
    private final RankLinks links;
    private final TrainConfig config;
    private final DType dtype;

    /** Prepares the loop; checks that config, layout and engine fit. */
    public TrainLoop(RankContext context) {
        this.context = context;
        this.links = context.links();
        this.config =
                context.config().forVocabulary(context.corpus().tokenizer().vocabSize());
        this.dtype = config.computeType(context.engine());
        if (!config.layout().grid().equals(links.layout())) {
            throw new IllegalArgumentException("config has " + config.layout().grid() + ", links " + links.layout());
        }
    }

    /** Runs to {@link TrainConfig#lastStep}; returns the last step done, which has a checkpoint. */
    public long run() {
        try (RankModel model = new RankModel(context, config, dtype)) {
            long from = restore(model);
            long last = Math.max(from, config.lastStep());
            announce(from, last, model);
            try (MetricsLog metrics = openMetrics(from);
                    CheckpointSaver saver = newSaver(model)) {
                train(model, from, last, metrics, saver);
            }
            return last;
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /** Takes the steps of a new run and keeps nothing of them: no checkpoint, no metrics. The listener hears of them as usual. For benchmarks. */
    public void rehearse() {
        try (RankModel model = new RankModel(context, config, dtype)) {
            model.stage.parameters().initialise(config.seed());
            announce(0, config.lastStep(), model);
            for (long step = 1; step <= config.lastStep(); step++) {
                requireNotInterrupted(step);
                long begin = context.clock().nanoTime();
                TrainStep.Result result = model.step.run(step);
                report(result, step, context.clock().nanoTime() - begin, 1, null, model, null);
            }
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private PolyglowException unusable(IOException e) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "rank " + links.rank() + ": " + e + "; check the run directory "
                        + context.run().root() + " and the corpus " + config.data() + ", then resume",
                e);
    }

    private void train(RankModel model, long from, long last, @Nullable MetricsLog metrics, CheckpointSaver saver)
            throws IOException {
        DriftCheck drift = new DriftCheck(
                context.engine(),
                links,
                model.stage.parameters(),
                config.model().tied());
        double peak = metrics == null ? 1 : Throughput.peakFlops(context.engine(), dtype, context.clock());
        for (long step = from + 1; step <= last; step++) {
            requireNotInterrupted(step);
            saver.check();
            long begin = context.clock().nanoTime();
            TrainStep.Result result = model.step.run(step);
            long ns = context.clock().nanoTime() - begin;
            HeldOutLoss validation = isDue(step, config.evaluate().every(), last) ? evaluate(model) : null;
            report(result, step, ns, peak, validation, model, metrics);
            if (isDue(step, config.checkpoint().every(), last) || step == last) {
                model.optimizer.completeWeights();
                drift.run(step);
                sync(metrics);
                saver.save(manifest(step));
            }
        }
        saver.await();
        links.world().barrier();
    }

    private static boolean isDue(long step, long every, long last) {
        return every > 0 && (step % every == 0 || step == last);
    }

    private static @Nullable HeldOutLoss evaluate(RankModel model) {
        return model.evaluation == null ? null : model.evaluation.run();
    }

    private void report(
            TrainStep.Result result,
            long step,
            long ns,
            double peak,
            @Nullable HeldOutLoss validation,
            RankModel model,
            @Nullable MetricsLog metrics)
            throws IOException {
        double tokensOfStep = (double) config.batch().global() * config.model().context();
        double perSecond = tokensOfStep / Math.max(1, ns) * 1e9;
        StepMetrics line = new StepMetrics(
                step,
                result.loss(),
                result.gradientNorm(),
                result.learningRate(),
                step * (long) tokensOfStep,
                perSecond,
                perSecond
                        * Throughput.flopsPerToken(config.model())
                        / (peak * links.layout().worldSize()),
                (double) samples(step) / model.order.samplesPerEpoch(),
                validation);
        if (metrics != null) {
            metrics.append(line.json());
        }
        context.listener().stepped(line);
    }

    private long samples(long step) {
        return Math.multiplyExact(step, (long) config.batch().global());
    }

    private static void requireNotInterrupted(long step) {
        if (Thread.interrupted()) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.PEER_LOST, "interrupted before step " + step);
        }
    }

    /** Loads the newest checkpoint or draws initial weights; returns the steps done. */
    private long restore(RankModel model) throws IOException {
        long step = agreeOnStep();
        if (step == 0) {
            model.stage.parameters().initialise(config.seed());
            return 0;
        }
        Checkpoint checkpoint = new CheckpointDirectory(context.run()).open(step);
        requireSameRun(checkpoint);
        Manifest manifest = checkpoint.manifest();
        ResumeRules.otherArithmetic(
                        step,
                        manifest.engine(),
                        manifest.dtype(),
                        context.engine().name(),
                        dtype.name())
                .ifPresent(context.listener()::noted);
        CheckpointLoader.loadWeights(checkpoint, context.engine(), model.stage.parameters());
        CheckpointLoader.loadMoments(checkpoint, context.engine(), model.optimizer.kept());
        return step;
    }

    /** Rank 0 looks, so that all ranks begin at the same step. */
    private long agreeOnStep() throws IOException {
        UnsafeBuffer step = new UnsafeBuffer(new byte[Long.BYTES]);
        if (links.rank() == 0) {
            step.putLong(0, chooseStep());
            context.attempt().requireNewest(context.run());
            keepConfig();
        }
        links.world().broadcast(step, Long.BYTES, 0);
        return step.getLong(0);
    }

    /** Writes the config if the run has another; a restart reads it only, since a store that has just lost a server may take long to write. */
    private void keepConfig() throws IOException {
        Store run = context.run();
        byte[] yaml = ConfigFile.of(config).yaml().getBytes(StandardCharsets.UTF_8);
        boolean there = run.exists(CONFIG_FILE)
                && run.stat(CONFIG_FILE).bytes() == yaml.length
                && Arrays.equals(Stores.read(run, CONFIG_FILE, yaml.length), yaml);
        if (!there) {
            Stores.rewrite(run, CONFIG_FILE, yaml);
        }
    }

    private long chooseStep() throws IOException {
        List<Long> steps = new CheckpointDirectory(context.run()).steps();
        if (context.start() == Start.NEW && !steps.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    context.run().root() + " already holds a run, with checkpoints up to step "
                            + steps.get(steps.size() - 1) + "; resume it, or choose another directory for the new run");
        }
        if (context.start() == Start.RESUME && steps.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    context.run().root()
                            + " has no checkpoint to resume from; check the path, or start the run with train");
        }
        return steps.isEmpty() ? 0 : steps.get(steps.size() - 1);
    }

    private void requireSameRun(Checkpoint checkpoint) throws IOException {
        Manifest manifest = checkpoint.manifest();
        if (!manifest.runId().equals(context.attempt().runId())) {
            throw new PolyglowException(
                    ErrorKind.CHECKPOINT,
                    checkpoint.location() + " belongs to run " + manifest.runId() + ", but this is run "
                            + context.attempt().runId() + "; put back the checkpoint that was there");
        }
        String source = checkpoint.location() + " (config)";
        TrainConfig before = ConfigFile.load(TrainConfig.class, source, manifest.config(), List.of())
                .value();
        ResumeRules.check(before, config, checkpoint.location());
        String fingerprint = context.corpus().manifest().fingerprint();
        if (!manifest.dataFingerprint().equals(fingerprint)) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "cannot resume " + checkpoint.location() + ": it was trained on a corpus with fingerprint "
                            + manifest.dataFingerprint() + ", but " + config.data() + " has " + fingerprint
                            + context.corpus()
                                    .takedowns()
                                    .after(manifest.dataFingerprint())
                                    .map(Tombstone::notice)
                                    .orElse("; set data to the corpus of this run"));
        }
    }

    private Manifest manifest(long step) {
        return Manifest.of(
                context.attempt(),
                step,
                samples(step),
                links.layout(),
                context.engine().name(),
                dtype.name(),
                ConfigFile.of(config).yaml(),
                context.corpus().manifest());
    }

    private CheckpointSaver newSaver(RankModel model) {
        Tokenizer tokenizer = context.corpus().tokenizer();
        Map<String, byte[]> modelFiles = Map.of(
                "config.json",
                HuggingFaceConfig.encode(config.model(), tokenizer.endOfTextId()),
                "tokenizer.json",
                tokenizer.json());
        int ranks = links.layout().worldSize();
        Committer committer = new Committer(
                context.run(),
                context.attempt(),
                ranks,
                config.checkpoint().keep(),
                ParameterTable.of(config.model()),
                modelFiles,
                context.clock(),
                context.listener()::checkpointed);
        return new CheckpointSaver(
                context.run(),
                context.attempt(),
                context.engine(),
                links.rank(),
                ranks,
                model.state(),
                context.clock(),
                retryNs(),
                links.rank() == 0 ? committer : null);
    }

    private void announce(long from, long last, RankModel model) {
        context.listener()
                .started(new TrainListener.RunStart(
                        from,
                        last,
                        ParameterTable.size(config.model()),
                        model.memory,
                        context.engine().describe() + place() + ", " + dtype + chosenBecause() + path(model)));
    }

    private String place() {
        String place = context.engine().place();
        return place.isEmpty() ? "" : ", " + place;
    }

    private static String path(RankModel model) {
        String path = model.optimizer.path();
        return path.isEmpty() ? "" : ", replicas meet " + path;
    }

    private String chosenBecause() {
        boolean chosen = config.dtype() == TrainConfig.DTypeChoice.AUTO;
        String reason = chosen ? context.engine().preferenceReason() : "";
        return reason.isEmpty() ? "" : " (" + reason + ")";
    }

    private @Nullable MetricsLog openMetrics(long from) throws IOException {
        boolean writer = links.replica() == 0 && links.stage() == links.layout().pipeline() - 1;
        if (!writer) {
            return null;
        }
        context.attempt().requireNewest(context.run());
        Retry retry = new Retry(context.clock(), retryNs(), () -> false);
        return MetricsLog.open(
                context.run(),
                from,
                retry,
                () -> context.attempt().requireNewest(context.run()),
                context.clock(),
                context.wallClock());
    }

    /** For how long the store may fail. */
    private long retryNs() {
        return TimeUnit.SECONDS.toNanos(config.checkpoint().retrySeconds());
    }

    /** Lines up to a checkpoint's step are durable before the checkpoint is, so that a resumed run has no gap. */
    private static void sync(@Nullable MetricsLog metrics) throws IOException {
        if (metrics != null) {
            metrics.sync();
        }
    }
}
