package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.engine.cpu.TypeChoice.Features;
import io.polyglow.trainer.tensor.DType;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;

class TypeChoiceTest {
    private static double notAsked() {
        throw new AssertionError("timed without need");
    }

    private static DType choice(boolean multipliesBf16, Features cpu) {
        return TypeChoice.of(multipliesBf16, cpu, TypeChoiceTest::notAsked).dtype();
    }

    @Test
    void shouldFollowTheFeaturesOfTheCpuWhenTheyLeaveNoDoubt() {
        assertThat(choice(false, new Features(false, false, true, true)))
                .as("no bf16 products")
                .isEqualTo(DType.F32);
        assertThat(choice(true, new Features(true, true, true, false)))
                .as("AMX")
                .isEqualTo(DType.BF16);
        assertThat(choice(true, new Features(false, true, true, true)))
                .as("AMD's bf16 vectors")
                .isEqualTo(DType.BF16);
        assertThat(choice(true, new Features(false, true, true, false)))
                .as("bf16 vectors of others")
                .isEqualTo(DType.F32);
        assertThat(choice(true, new Features(false, false, true, true)))
                .as("AMD without bf16 vectors")
                .isEqualTo(DType.F32);
    }

    @Test
    void shouldFollowTheClockWhenTheCpuIsUnknown() {
        Features unknown = new Features(false, false, false, false);
        assertThat(TypeChoice.of(true, unknown, () -> 0.6).dtype()).isEqualTo(DType.F32);
        assertThat(TypeChoice.of(true, unknown, () -> 1.3).dtype()).isEqualTo(DType.F32);
        assertThat(TypeChoice.of(true, unknown, () -> 1.9))
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
