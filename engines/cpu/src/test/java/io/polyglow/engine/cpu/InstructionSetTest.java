package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Runs in the build's second round of tests, which pretends that the CPU ends at AVX2. */
@EnabledIfEnvironmentVariable(named = "ONEDNN_MAX_CPU_ISA", matches = "AVX2")
class InstructionSetTest {
    @Test
    void shouldOfferF32OnlyWhenThereIsNoBFloat16() {
        try (Engine engine = new CpuEngineProvider().open(1)) {
            assertThat(engine.describe()).contains("AVX2").contains("vectors of 256 bits");
            assertThat(engine.computeTypes()).containsExactly(DType.F32);
            assertThat(engine.preferredComputeType()).isEqualTo(DType.F32);
        }
    }
}
