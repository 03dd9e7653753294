package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.model.Recompute;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerProgramTest {
    private static final TrainPlan PLAN =
            new TrainPlan("reference", "nano", 8, 1, 1, "bf16", 1, 5, 20, 7, Recompute.NONE);

    @TempDir
    Path root;

    private long nowNs;

    @BeforeEach
    void prepare() throws IOException {
        WorkFolder folder = new WorkFolder(root);
        folder.prepare(PLAN);
        new Trial(folder, SystemNanoClock.INSTANCE).export();
    }

    private Measurement run(String verb, long secondsPerStep) throws IOException {
        Path result = root.resolve("result.json");
        PeerProgram.run(
                List.of(verb, root.toString(), result.toString()),
                (plan, weights) -> new SlowModel(secondsPerStep),
                () -> nowNs);
        return Measurement.parse(new WorkFolder(root).json("result.json"));
    }

    @Test
    void shouldTakeEveryStepOfThePlanWhenTimeAllows() throws IOException {
        Measurement measurement = run("train", 12);

        assertThat(measurement.warmup()).isEqualTo(5);
        assertThat(measurement.timed()).hasSize(20).containsOnly(12.0);
        assertThat(measurement.dtype()).isEqualTo("f32");
    }

    @Test
    void shouldTakeFewerStepsWhereAllWouldTakeTooLong() throws IOException {
        Measurement measurement = run("train", 60);

        assertThat(measurement.warmup()).isEqualTo(1);
        assertThat(measurement.timed()).hasSize(4);
    }

    @Test
    void shouldTimeTwoStepsHoweverSlowTheyAre() throws IOException {
        assertThat(run("train", 10_000).timed()).hasSize(2);
    }

    @Test
    void shouldTakeEveryStepOfACurve() throws IOException {
        assertThat(run("curve", 60).losses()).hasSize(25);
    }

    /** Computes nothing, and takes its time by the test's clock. */
    private final class SlowModel implements PeerModel {
        private final long secondsPerStep;

        SlowModel(long secondsPerStep) {
            this.secondsPerStep = secondsPerStep;
        }

        @Override
        public String describe() {
            return "slow";
        }

        @Override
        public String dtype() {
            return "f32";
        }

        @Override
        public double loss(int[][] samples) {
            return 6;
        }

        @Override
        public double step(int[][][] microBatches, double learningRate) {
            nowNs += TimeUnit.SECONDS.toNanos(secondsPerStep);
            return 6;
        }

        @Override
        public Map<String, float[]> gradients(int[][] samples) {
            return Map.of();
        }

        @Override
        public void close() {}
    }
}
