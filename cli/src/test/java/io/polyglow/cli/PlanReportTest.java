package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.plan.StageNeeds;
import io.polyglow.trainer.plan.StepTimes;
import io.polyglow.trainer.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanReportTest {
    private static final Path NANO = Path.of(System.getProperty("polyglow.root"), "configs/train/nano.yaml");
    private static final RankRoom HOST = RankRoom.ofHost(null);
    private static final RankRoom SMALL_GPU = new RankRoom(1 << 20, 1, null);
    private static final long MEBIBYTE = 1 << 20;

    private static RunPlan plan(String... overrides) {
        List<String> all = new ArrayList<>(List.of("data=d", "run=r", "dtype=f32", "threads-per-rank=1"));
        all.addAll(List.of(overrides));
        TrainConfig config =
                ConfigFile.read(TrainConfig.class, NANO, all).value().forVocabulary(300);
        return RunPlan.of(
                config, DType.F32, PipelineSchedules.named(config.layout().schedule()));
    }

    private static MemoryPlan memory(String purpose, long mebibytes) {
        return new MemoryPlan().add(purpose, mebibytes * MEBIBYTE);
    }

    /** One stage has most on the device, the other most in all. */
    private static RunPlan uneven() {
        RunPlan plan = plan();
        StageNeeds whole = plan.stages().get(0);
        return new RunPlan(
                plan.config(),
                plan.dtype(),
                List.of(
                        new StageNeeds(whole.stage(), memory("weights", 20), memory("snapshot", 1), 0),
                        new StageNeeds(whole.stage(), memory("weights", 10), memory("snapshot", 100), 0)));
    }

    @Test
    void shouldBreakDownWhatTheDeviceMustHoldWhenTheEngineIsOnOne() {
        assertThat(SMALL_GPU.fits(uneven())).isFalse();
        assertThat(SMALL_GPU.most(uneven()).total()).isEqualTo(20 * MEBIBYTE);
        assertThat(new PlanReport(uneven(), "gpu", SMALL_GPU).memoryLine()).isEqualTo("weights 20.0 MiB");
    }

    @Test
    void shouldHaveRanksShareTheGpusThatThereAre() {
        TrainConfig three = plan("layout.data=1", "layout.pipeline=3").config();
        assertThat(new RankRoom(90, 1, null).limit(three)).isEqualTo(30);
        assertThat(new RankRoom(90, 2, null).limit(three))
                .as("two on the first")
                .isEqualTo(45);
        assertThat(new RankRoom(90, 8, null).limit(three)).isEqualTo(90);
        assertThat(new RankRoom(90, 1, 70L).limit(three)).as("elsewhere").isEqualTo(70);
    }

    @Test
    void shouldBreakDownAllThatAProcessHoldsWhenTheEngineIsOnTheHost() {
        MemoryPlan most = HOST.most(uneven());

        assertThat(most.total())
                .isEqualTo(110 * MEBIBYTE + HOST.process(uneven().config()).total());
        assertThat(new PlanReport(uneven(), "cpu", HOST).memoryLine())
                .startsWith("weights 10.0 MiB, snapshot 100.0 MiB, java 256.0 MiB")
                .endsWith("heap 1,024.0 MiB");
    }

    @Test
    void shouldTellTheSameTimesInJsonAsInText() {
        RunPlan plan = plan("layout.data=2", "steps=50");
        StepTimes times = new StepTimes(0.5, 0.25, 1e-9);

        JsonObject json = new PlanReport(plan, "cpu", HOST).json(times);

        assertThat(json.getDouble("seconds_per_step")).isEqualTo(times.stepSeconds(plan));
        assertThat(json.getDouble("seconds_to_end")).isCloseTo(50 * times.stepSeconds(plan), within(1e-9));
        assertThat(json.getDouble("network_seconds_per_step"))
                .isPositive()
                .isEqualTo(plan.stages().get(0).sentBytes() / 1.25e9);
    }

    @Test
    void shouldTellNoTimesInJsonWhenNoneWereMeasured() {
        JsonObject json = new PlanReport(plan(), "cpu", HOST).json(null);

        assertThat(json.names()).doesNotContain("seconds_per_step", "seconds_to_end");
        assertThat(json.getDouble("network_seconds_per_step")).isZero();
    }
}
