package io.polyglow.cluster.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.spark.TinyCorpus;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.checkpoint.Committer;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RankWorkerTest {
    @TempDir
    Path folder;

    /** A launcher that has set a GPU aside for its only rank of this run; ranks of others are on the host too. */
    private record Host(int indexOnHost, List<String> gpus) implements RankHost {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int worldSize() {
            return 1;
        }

        @Override
        public String host() {
            return "localhost";
        }

        @Override
        public int ranksOnHost() {
            return 1;
        }

        @Override
        public int cores() {
            return 1;
        }

        @Override
        public List<String> allGather(String message) {
            return List.of(message);
        }

        @Override
        public boolean cancelled() {
            return false;
        }
    }

    @Test
    void shouldWaitForTheOthersLongerThanAnyOfThemMayWaitForTheStore() {
        for (int retrySeconds : new int[] {0, 300, 3600, 86_400}) {
            TrainConfig.Checkpoints checkpoints = new TrainConfig.Checkpoints(100, 3, retrySeconds);
            Duration save = Committer.deadline(Duration.ofSeconds(retrySeconds));
            assertThat(save).isGreaterThan(Duration.ofSeconds(retrySeconds));
            assertThat(RankWorker.patience(checkpoints, () -> false).silence()).isGreaterThan(save);
        }
    }

    @Test
    void shouldOpenTheEngineOnTheGpuThatIsSetAsideAndTellWhichItIs() throws IOException {
        TinyCorpus.write(folder.resolve("corpus"));
        Path run = folder.resolve("run");
        Attempt attempt = Attempt.claim(new LocalStore(run));
        assertThat(RankWorker.run(task(attempt), new Host(3, List.of("5")))).isEqualTo("rank 0");
        assertThat(Files.readString(run.resolve("logs/rank-0.jsonl")))
                .containsPattern(
                        "\"event\":\"training\".*\"engine\":\"reference[^\"]*, place 3 of the host with GPU \\[5], F32");
    }

    @Test
    void shouldRefuseARunDirectoryThatIsNotTheDriversAndLeaveItAsItIs() {
        assertThatThrownBy(() -> RankWorker.run(task(new Attempt(1, "of-the-driver")), new Host(0, List.of())))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageStartingWith("rank 0 on ")
                .hasMessageContaining("the run directory " + folder.resolve("run") + " is not the driver's");
        assertThat(folder.resolve("run/logs")).doesNotExist();
    }

    @Test
    void shouldRefuseACorpusThatOnlyTheDriverSees() {
        Attempt attempt = Attempt.claim(new LocalStore(folder.resolve("run")));
        assertThatThrownBy(() -> RankWorker.run(task(attempt), new Host(0, List.of())))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("the corpus " + folder.resolve("corpus") + " is not on this machine");
    }

    private RankTask task(Attempt attempt) {
        String config =
                """
                data: %s
                run: %s
                steps: 1
                engine: cuda
                layout: {}
                batch: {global: 1, micro: 1}
                model: {layers: 1, heads: 1, channels: 8, context: 8}
                optimizer: {learning-rate: 0.003}
                checkpoint: {every: 0}
                evaluate: {every: 0}
                """
                        .formatted(folder.resolve("corpus"), folder.resolve("run"));
        return new RankTask(config, attempt.runId(), attempt.number(), Start.NEW);
    }
}
