package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs on this machine with a tiny model: real Spark, real executor processes, real Aeron. */
@Timeout(240)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainJobTest {
    private static final int STEPS = 300;
    private static final SparkTarget PROCESSES =
            new SparkTarget("local-cluster[2,1,512]", Map.of("spark.executor.memory", "512m"));

    private Path folder;
    private String weightsOfOneRank;

    @BeforeAll
    void trainOnOneRank(@TempDir Path shared) throws IOException {
        folder = shared;
        TinyCorpus.write(folder.resolve("corpus"));
        TrainResult result = TrainJob.start(config("one"), SparkTarget.HERE, JobListener.SILENT);
        assertThat(result).isEqualTo(new TrainResult(STEPS, true, 0, "checkpoints/step-00000300"));
        weightsOfOneRank = weights("one");
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
        assertThat(result).isEqualTo(new TrainResult(STEPS, true, 1, "checkpoints/step-00000300"));
        assertThat(killer.steps).doesNotHaveDuplicates().isSorted().endsWith((long) STEPS);
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
        TrainResult second =
                TrainJob.resume(run, List.of("layout.pipeline=1", "layout.data=2"), threads, JobListener.SILENT);
        assertThat(second.finished()).isTrue();
        assertThat(weights("stopped")).isEqualTo(weightsOfOneRank);
        assertThat(TrainJob.resume(run, List.of(), SparkTarget.HERE, JobListener.SILENT)
                        .restarts())
                .isZero();
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
    void shouldTellWhatARankDiedOfWhenTheCorpusIsMissing() {
        Resolved<TrainConfig> config = config("no-data", "data=" + folder.resolve("nowhere"), "layout.data=2");
        SparkTarget threads = new SparkTarget("local[2]", Map.of());
        assertThatThrownBy(() -> TrainJob.start(config, threads, JobListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("nowhere");
    }

    private Resolved<TrainConfig> config(String run, String... more) {
        String yaml =
                """
                steps: 300
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
