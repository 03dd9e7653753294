package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.benchmarks.nd4j.Main;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.model.Recompute;
import java.io.IOException;
import java.nio.file.Path;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SameDiffModelTest {
    @TempDir
    Path directory;

    /** The loss after an update depends on every gradient, so equal curves say that both compute the same steps. */
    @Test
    void shouldHaveTheLossesOfOursAtEveryStep() throws IOException {
        TrainPlan plan = new TrainPlan("reference", "nano", 32, 4, 2, "f32", 1, 0, 12, 7, Recompute.NONE);
        WorkFolder folder = new WorkFolder(directory);
        folder.prepare(plan);
        Trial ours = new Trial(folder, SystemNanoClock.INSTANCE);
        ours.export();
        Measurement expected = ours.measure();

        Path result = folder.file("result.json");
        Main.main(new String[] {"train", directory.toString(), result.toString()});

        Measurement measured = Measurement.parse(folder.json("result.json"));
        for (int step = 0; step < plan.allSteps(); step++) {
            assertThat(measured.losses().get(step))
                    .as("loss of step %d", step + 1)
                    .isCloseTo(expected.losses().get(step), within(1e-4));
        }
    }

    @Test
    void shouldComputeInF32WhateverThePlanSays() throws IOException {
        TrainPlan plan = new TrainPlan("reference", "nano", 32, 2, 2, "bf16", 1, 0, 1, 7, Recompute.NONE);
        WorkFolder folder = new WorkFolder(directory);
        folder.prepare(plan);
        double expected =
                new Trial(folder, SystemNanoClock.INSTANCE).export().losses().get(0);

        Path result = folder.file("result.json");
        Main.main(new String[] {"train", directory.toString(), result.toString()});

        Measurement measured = Measurement.parse(folder.json("result.json"));
        assertThat(measured.dtype()).isEqualTo("f32");
        assertThat(measured.losses().get(0)).isCloseTo(expected, within(TrainStepBench.BF16_TOLERANCE));
    }

    @Test
    void shouldRefuseWhatTheLibraryCannotCompute() throws IOException {
        TrainPlan plan = new TrainPlan("reference", "nano-llama", 32, 4, 4, "f32", 1, 0, 1, 7, Recompute.NONE);
        WorkFolder folder = new WorkFolder(directory);
        folder.prepare(plan);
        new Trial(folder, SystemNanoClock.INSTANCE).export();

        assertThatThrownBy(() -> Main.main(new String[] {"loss", directory.toString(), "unused"}))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("GPT-2 models only, not nano-llama");
    }
}
