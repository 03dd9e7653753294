package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.Recompute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the processes of a benchmark do, in this process. */
class TrialTest {
    private static final TrainPlan PLAN =
            new TrainPlan("reference", "nano", 16, 2, 1, "f32", 1, 1, 2, 5, Recompute.NONE);

    @TempDir
    private Path root;

    private Trial prepared() throws IOException {
        WorkFolder folder = new WorkFolder(root);
        folder.prepare(PLAN);
        return new Trial(folder, SystemNanoClock.INSTANCE);
    }

    @Test
    void shouldTimeEveryStepAndKeepNothing() throws IOException {
        Measurement measurement = prepared().measure();

        assertThat(measurement.stepSeconds()).hasSize(3).allSatisfy(s -> assertThat(s)
                .isPositive());
        assertThat(measurement.losses()).hasSize(3).allSatisfy(loss -> assertThat(loss)
                .isBetween(5.0, 7.0));
        assertThat(root.resolve("run").resolve("checkpoints")).doesNotExist();
    }

    @Test
    void shouldMeasureTheFastestProductOfTheSameRun() throws IOException {
        Measurement measurement = prepared().measure();
        JsonObject row = new Row("polyglow", PLAN, List.of(measurement)).json();

        assertThat(measurement.peakFlops()).isGreaterThan(1e5);
        assertThat(row.getDouble("peak_tflops") * 1e12).isCloseTo(measurement.peakFlops(), offset(1.0));
        assertThat(row.getDouble("mfu"))
                .isPositive()
                .isEqualTo(row.getObject("tflops").getDouble("median") / row.getDouble("peak_tflops"));
        assertThat(row.getDouble("host_share")).isZero();
    }

    @ParameterizedTest
    @EnumSource(Recompute.class)
    void shouldComputeTheSameLossesHoweverMuchIsComputedAgain(Recompute level) throws IOException {
        TrainPlan plan =
                TrainPlan.parse(PLAN.json().put("recompute", level.name().toLowerCase(Locale.ROOT)));
        WorkFolder folder = new WorkFolder(root);
        folder.prepare(plan);

        assertThat(folder.plan().config().recompute()).isEqualTo(level);
        assertThat(new Trial(folder, SystemNanoClock.INSTANCE).measure().losses())
                .isEqualTo(prepared().measure().losses());
    }

    @Test
    void shouldExportTheWeightsThatTrainingStartsFrom() throws IOException {
        Trial trial = prepared();
        WorkFolder folder = new WorkFolder(root);

        assertThat(trial.export().losses()).isEqualTo(trial.measure().losses().subList(0, 1));
        assertThat(folder.checkpoint(PLAN).resolve("config.json")).exists();
        assertThat(folder.checkpoint(PLAN).resolve("model.safetensors.index.json"))
                .exists();
    }

    @Test
    void shouldHandOverEverySampleInOrder() throws IOException {
        prepared();

        byte[] bytes = Files.readAllBytes(root.resolve(WorkFolder.TOKENS));
        assertThat(bytes).hasSize(3 * 2 * 17 * Integer.BYTES);
        ByteBuffer tokens = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (tokens.hasRemaining()) {
            assertThat(tokens.getInt()).isBetween(0, 511);
        }
    }

    @Test
    void shouldPredictFiniteLogits() throws IOException {
        Trial trial = prepared();
        trial.export();

        assertThat(trial.predict().getInt("positions")).isEqualTo(16);
        ByteBuffer logits =
                ByteBuffer.wrap(Files.readAllBytes(root.resolve("logits.f32"))).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(logits.remaining()).isEqualTo(16 * 2 * 512 * Float.BYTES);
        while (logits.hasRemaining()) {
            assertThat(logits.getFloat()).isFinite();
        }
    }

    @Test
    void shouldTimeTheProductsOfAStep() throws IOException {
        JsonObject ideal = prepared().ideal();

        assertThat(ideal.getObject("products").names()).hasSize(5 * 3).contains("head weight gradient", "qkv forward");
        double layersAndMicroBatches = PLAN.shape().layers() * 2;
        assertThat(ideal.getDouble("seconds"))
                .isGreaterThan(
                        layersAndMicroBatches * ideal.getObject("products").getDouble("up forward"));
    }

    @Test
    void shouldSumUpTwoCurves() {
        JsonObject summary = LossCurve.summary(PLAN, List.of(6.0, 5.0), List.of(6.0, 5.5));

        assertThat(summary.getDouble("mean_of_last_difference")).isEqualTo(-0.25);
        assertThat(summary.getDouble("largest_relative_difference")).isEqualTo(0.5 / 5.5);
    }
}
