package io.polyglow.benchmarks.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.model.Recompute;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelCasesTest {
    private static List<KernelCase> cases(String model) {
        return KernelCases.of(new TrainPlan("reference", model, 8, 2, 2, "f32", 1, 0, 1, 7, Recompute.NONE));
    }

    private static boolean isPeak(KernelCase one) {
        return one.name().startsWith(KernelCases.GEMM) || one.name().equals(KernelCases.COPY);
    }

    /** Kernels refuse operands that do not fit. */
    @ParameterizedTest
    @ValueSource(strings = {"nano", "nano-llama"})
    void shouldHaveOperandsThatTheKernelsTake(String model) {
        for (KernelCase one : cases(model)) {
            if (!isPeak(one)) {
                try (Engine engine = Engines.named("reference").open(1)) {
                    one.setup().on(new Tensors(engine), engine.kernels()).run();
                }
            }
        }
    }

    @Test
    void shouldTimeTheKernelsThatTheModelHas() {
        assertThat(cases("nano"))
                .extracting(KernelCase::name)
                .contains("layer norm gradient", "gelu", "embedding gradient", "squared norm of a block")
                .doesNotContain("rms norm", "swiglu", "rope");
        assertThat(cases("nano-llama"))
                .extracting(KernelCase::name)
                .contains("rms norm", "rms norm gradient", "swiglu", "swiglu gradient", "rope", "embedding gradient")
                .doesNotContain("layer norm", "gelu", "gelu gradient");
    }

    @Test
    void shouldCountWorkOfEveryCase() {
        assertThat(cases("nano-llama"))
                .allSatisfy(one -> assertThat(one.bytes()).as(one.name()).isPositive());
        assertThat(cases("nano"))
                .filteredOn(one -> one.name().contains("gradient qkv"))
                .hasSize(2)
                .allSatisfy(one -> assertThat(one.flops()).isEqualTo(2.0 * 16 * 64 * 192));
    }
}
