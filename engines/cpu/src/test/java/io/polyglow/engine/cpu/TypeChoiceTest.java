package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.tensor.DType;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;

class TypeChoiceTest {
    private static double notAsked() {
        throw new AssertionError("timed without need");
    }

    @Test
    void shouldFollowTheFeaturesOfTheCpuWhenTheyLeaveNoDoubt() {
        assertThat(TypeChoice.of(false, false, true, TypeChoiceTest::notAsked).dtype())
                .isEqualTo(DType.F32);
        assertThat(TypeChoice.of(true, true, true, TypeChoiceTest::notAsked).dtype())
                .isEqualTo(DType.BF16);
        assertThat(TypeChoice.of(true, false, true, TypeChoiceTest::notAsked).dtype())
                .isEqualTo(DType.F32);
    }

    @Test
    void shouldFollowTheClockWhenTheCpuIsUnknown() {
        assertThat(TypeChoice.of(true, false, false, () -> 0.6).dtype()).isEqualTo(DType.F32);
        assertThat(TypeChoice.of(true, false, false, () -> 1.3).dtype()).isEqualTo(DType.F32);
        assertThat(TypeChoice.of(true, false, false, () -> 1.9))
                .isEqualTo(new TypeChoice(
                        DType.BF16,
                        "on this unknown CPU a bf16 product was 1.90 times as fast as an f32 one; 1.5 is asked"));
    }

    @Test
    void shouldTimeBothTypesAndChooseTheSameForTheWholeLifeOfAnEngine() {
        try (CpuEngine engine = new CpuEngine(1)) {
            if (engine.computeTypes().contains(DType.BF16)) {
                assertThat(TypeChoice.measuredSpeedup(SystemNanoClock.INSTANCE)).isBetween(0.01, 100.0);
            }
            DType chosen = engine.preferredComputeType();
            assertThat(engine.preferredComputeType()).isEqualTo(chosen);
            assertThat(engine.preferenceReason()).isNotEmpty();
            assertThat(engine.describe())
                    .as("ranks compare it, so nothing timed may be in it")
                    .doesNotContain("times as fast");
        }
    }
}
