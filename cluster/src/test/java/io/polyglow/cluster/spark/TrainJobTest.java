package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.trace.MetricsLog;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs on this machine with a tiny model: real Spark, real executor processes, real Aeron. */
@Timeout(240)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainJobTest {
    private static final int STEPS = 150;
    private static final SparkTarget PROCESSES =
            new SparkTarget("local-cluster[2,1,512]", Map.of("spark.executor.memory", "512m"));

    private Path folder;
    private String weightsOfOneRank;
    private List<String> lossesOfOneRank;

    @BeforeAll
    void trainOnOneRank(@TempDir Path shared) throws IOException {
        folder = shared;
        TinyCorpus.write(folder.resolve("corpus"));
        TrainResult result = TrainJob.start(config("one"), SparkTarget.HERE, JobListener.SILENT);
        assertThat(result).isEqualTo(new TrainResult(STEPS, true, 0, "checkpoints/step-00000150"));
        weightsOfOneRank = weights("one");
        lossesOfOneRank = losses("one");
        assertThat(lossesOfOneRank).hasSize(STEPS).doesNotHaveDuplicates();
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenAnExecutorIsKilled() throws IOException {
        Killer killer = new Killer(60);
        TrainResult result = TrainJob.start(config("killed", "layout.data=2"), PROCESSES, killer);
        assertThat(killer.restarts)
                .hasSize(1)
                .first()
                .asString()
                .contains("rank")
                .contains("137");
        assertThat(result).isEqualTo(new TrainResult(STEPS, true, 1, "checkpoints/step-00000150"));
        assertThat(killer.steps).doesNotHaveDuplicates().isSorted().endsWith((long) STEPS);
        assertThat(losses("killed")).isEqualTo(lossesOfOneRank);
        assertThat(weights("killed")).isEqualTo(weightsOfOneRank);
        assertThat(Files.readString(folder.resolve("killed/logs/rank-0.jsonl"))).contains("\"event\":\"finished\"");
    }

    @Test
    void shouldGoOnWithOtherRanksFromWhereItStopped() throws IOException {
        SparkTarget threads = new SparkTarget("local[2]", Map.of());
        TrainResult first =
                TrainJob.start(config("stopped", "layout.pipeline=2", "stop-after=70"), threads, JobListener.SILENT);
        assertThat(first).isEqualTo(new TrainResult(70, false, 0, "checkpoints/step-00000070"));
        String run = folder.resolve("stopped").toString();
        assertThatThrownBy(() -> TrainJob.resume(run, List.of("run=elsewhere"), threads, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("leave out --set run=elsewhere");
        TrainResult second =
                TrainJob.resume(run, List.of("layout.pipeline=1", "layout.data=2"), threads, JobListener.SILENT);
        assertThat(second.finished()).isTrue();
        assertThat(losses("stopped")).isEqualTo(lossesOfOneRank);
        assertThat(weights("stopped")).isEqualTo(weightsOfOneRank);
        assertThat(TrainJob.resume(run, List.of(), SparkTarget.HERE, JobListener.SILENT)
                        .restarts())
                .isZero();
    }

    @Test
    void shouldRefuseARunInItsOwnCorpus() {
        assertThatThrownBy(() -> TrainJob.start(config("corpus/runs/a"), SparkTarget.HERE, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("lies in the corpus");
    }

    @Test
    void shouldRefuseToBeginARunOverAnotherOne() {
        assertThatThrownBy(() -> TrainJob.start(config("one"), SparkTarget.HERE, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("polyglow resume");
    }

    @Test
    void shouldRefuseToResumeWhatIsNoRun() {
        String nothing = folder.resolve("nothing").toString();
        assertThatThrownBy(() -> TrainJob.resume(nothing, List.of(), SparkTarget.HERE, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("no config.yaml");
    }

    @Test
    void shouldLeaveNoTraceWhenTheCorpusCannotBeUsed() throws IOException {
        List<String> stages = new ArrayList<>();
        assertRefused(ErrorKind.DATA, "nowhere", stages, "data=" + folder.resolve("nowhere"));
        assertRefused(ErrorKind.USAGE, "model.vocab-size = 3 is too small", stages, "model.vocab-size=3");
        assertRefused(ErrorKind.DATA, "but one sample needs 1000001", stages, "model.context=1000000");
        assertRefused(ErrorKind.DATA, "the validation split has", stages, "model.context=3000", "evaluate.every=10");
        Path cut = damagedCorpus("cut", bytes -> Arrays.copyOf(bytes, bytes.length - 1));
        assertRefused(ErrorKind.DATA, "train-00000.bin, byte ", stages, "data=" + cut);
        assertThat(folder.resolve("refused")).doesNotExist();
        assertThat(stages).isEmpty();
    }

    private void assertRefused(ErrorKind kind, String message, List<String> stages, String... overrides) {
        assertThatThrownBy(() -> TrainJob.start(config("refused", overrides), SparkTarget.HERE, new Stages(stages)))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    @Test
    void shouldTellWhatARankDiedOfAndBeginAnewWhenTheConfigIsCorrected() throws IOException {
        Path flipped = damagedCorpus("flipped", bytes -> {
            bytes[bytes.length - 1] ^= 1;
            return bytes;
        });
        assertThatThrownBy(() ->
                        TrainJob.start(config("corrected", "data=" + flipped), SparkTarget.HERE, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageStartingWith("rank 0 on ")
                .hasMessageContaining("flipped/train-00000.bin");
        List<String> stages = new ArrayList<>();
        TrainResult result = TrainJob.start(
                config("corrected", "steps=2", "optimizer.warmup-steps=1"), SparkTarget.HERE, new Stages(stages));
        assertThat(result.step()).isEqualTo(2);
        assertThat(stages).first().asString().startsWith("beginning anew");
        assertThat(Files.readString(folder.resolve("corrected/config.yaml"))).doesNotContain("flipped");
        assertThat(Files.readString(folder.resolve("corrected/logs/rank-0.jsonl")))
                .containsPattern("\"memory\":\"weights [^\"]* optimizer [^\"]* checkpoint ");
    }

    @Test
    void shouldNotBeginAnewWhileAnotherDriverHasTheRun() throws Exception {
        try (LocalStore run = new LocalStore(folder.resolve("leased"));
                Lease lease = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1);
                Beats beats = new Beats(lease)) {
            Files.writeString(folder.resolve("leased/config.yaml"), "of the other driver");
            assertThatThrownBy(() -> TrainJob.start(config("leased"), SparkTarget.HERE, JobListener.SILENT))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                    .hasMessageContaining("is in use by process");
            assertThat(beats.failure).isNull();
            assertThat(folder.resolve("leased/config.yaml")).hasContent("of the other driver");
        }
    }

    /** On a cluster whose queue is full Spark may take an hour to start. */
    @Test
    void shouldKeepTheRunWhileSparkStartsAndStartNoAttemptOfARunThatAnotherDriverHas() throws Exception {
        try (LocalStore run = new LocalStore(folder.resolve("lost"))) {
            Path lease = folder.resolve("lost/leases/000001.json");
            JobListener thief = new JobListener() {
                @Override
                public void stage(String stage) {
                    if (stage.startsWith("starting Spark")) {
                        takeOverOnceItBeats();
                    }
                }

                private void takeOverOnceItBeats() {
                    try {
                        while (Files.readString(lease).contains("\"beats\": 0")) {
                            LockSupport.parkNanos(1_000_000);
                        }
                        Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1)
                                .requireHeld();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            };
            assertThatThrownBy(() -> TrainJob.start(config("lost"), SparkTarget.HERE, thief))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.FENCED))
                    .hasMessageContaining("has been taken over by another driver");
            assertThat(folder.resolve("lost/attempts")).doesNotExist();
        }
    }

    /** Keeps a lease alive, as the driver that has it would. */
    private static final class Beats implements AutoCloseable {
        private final Thread thread;
        private volatile @Nullable Throwable failure;

        Beats(Lease lease) {
            thread = new Thread(() -> {
                try {
                    while (!Thread.interrupted()) {
                        lease.beat();
                        LockSupport.parkNanos(50_000_000);
                    }
                } catch (IOException | RuntimeException e) {
                    failure = e;
                }
            });
            thread.start();
        }

        @Override
        public void close() {
            thread.interrupt();
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void shouldReadTheLastCheckpointToItsEndWhenAFinishedRunIsResumed() throws IOException {
        TrainJob.start(
                config("done", "steps=4", "checkpoint.every=2", "optimizer.warmup-steps=1"),
                SparkTarget.HERE,
                JobListener.SILENT);
        String run = folder.resolve("done").toString();
        List<String> stages = new ArrayList<>();
        TrainResult again = TrainJob.resume(run, List.of(), SparkTarget.HERE, new Stages(stages));
        assertThat(again).isEqualTo(new TrainResult(4, true, 0, "checkpoints/step-00000004"));
        assertThat(stages).containsExactly("the run is done already, at step 4; checking its checkpoint");

        Path weights = folder.resolve("done/checkpoints/step-00000004/model-00001-of-00001.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        assertDamaged(run, "damaged somewhere in bytes [");
        Files.write(weights, Arrays.copyOf(bytes, bytes.length - 1));
        assertDamaged(run, "but the manifest says " + bytes.length);
    }

    private static void assertDamaged(String run, String message) {
        assertThatThrownBy(() -> TrainJob.resume(run, List.of(), SparkTarget.HERE, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CHECKPOINT))
                .hasMessageContaining(message)
                .hasMessageContaining("The newest other checkpoint, step-00000002, has all its files in full length");
    }

    /** A copy of the corpus with a change to the tokens of its first shard. */
    private Path damagedCorpus(String name, UnaryOperator<byte[]> damage) throws IOException {
        Path corpus = folder.resolve(name);
        TinyCorpus.write(corpus);
        Path tokens = corpus.resolve("train-00000.bin");
        Files.write(tokens, damage.apply(Files.readAllBytes(tokens)));
        return corpus;
    }

    /** Remembers what the job was doing. */
    private record Stages(List<String> seen) implements JobListener {
        @Override
        public void stage(String stage) {
            seen.add(stage);
        }
    }

    private Resolved<TrainConfig> config(String run, String... more) {
        String yaml =
                """
                steps: 150
                seed: 7
                engine: reference
                layout: {}
                batch: {global: 8, micro: 1, canonical-width: 4}
                model: {layers: 2, heads: 2, channels: 32, context: 16}
                optimizer: {learning-rate: 0.003, warmup-steps: 10}
                checkpoint: {every: 50, keep: 2}
                evaluate: {every: 0}
                """;
        List<String> overrides =
                new ArrayList<>(List.of("data=" + folder.resolve("corpus"), "run=" + folder.resolve(run)));
        overrides.addAll(List.of(more));
        return ConfigFile.load(TrainConfig.class, "test.yaml", yaml, overrides);
    }

    private String weights(String run) throws IOException {
        return new CheckpointDirectory(new LocalStore(folder.resolve(run)))
                .open(STEPS)
                .weightsSha256();
    }

    /** Step and loss of every line of the run's metrics, every bit of the loss. */
    private List<String> losses(String run) throws IOException {
        return Files.readAllLines(folder.resolve(run).resolve(MetricsLog.FILE)).stream()
                .map(line -> Json.parseObject("metrics", line.getBytes(StandardCharsets.UTF_8)))
                .map(step -> step.getLong("step") + " " + step.getDouble("loss"))
                .toList();
    }

    /** Kills one executor when a step is reached. */
    private static final class Killer implements JobListener {
        private final long step;
        private final List<Long> steps = new ArrayList<>();
        private final List<String> restarts = new ArrayList<>();
        private boolean done;

        Killer(long step) {
            this.step = step;
        }

        @Override
        public void step(StepProgress progress) {
            steps.add(progress.step());
            if (!done && progress.step() >= step) {
                done = true;
                ProcessHandle.current()
                        .children()
                        .filter(ProcessHandle::isAlive)
                        .findFirst()
                        .ifPresent(ProcessHandle::destroyForcibly);
            }
        }

        @Override
        public void restarting(String reason, int restartsLeft) {
            restarts.add(reason);
        }
    }
}
