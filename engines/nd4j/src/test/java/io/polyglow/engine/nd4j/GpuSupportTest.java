package io.polyglow.engine.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.engine.nd4j.GpuSupport.Capability;
import io.polyglow.engine.nd4j.GpuSupport.Gpu;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GpuSupportTest {
    @ParameterizedTest
    @CsvSource({"3.5,false", "3.7,true", "6.1,true", "7.5,true", "8.0,true", "8.6,true", "8.9,true", "9.0,false"})
    void shouldKnowWhichComputeCapabilitiesAreServed(String capability, boolean served) throws Exception {
        List<Gpu> gpus = GpuSupport.gpus("Some GPU, with a comma, " + capability + "\n");
        assertThat(gpus).singleElement().extracting(Gpu::isServed).isEqualTo(served);
        assertThat(GpuSupport.problem(gpus).isEmpty()).isEqualTo(served);
    }

    @Test
    void shouldNameTheGpuAndTheWayOutWhenOneIsTooNew() throws Exception {
        List<Gpu> gpus = GpuSupport.gpus("NVIDIA A100-SXM4-40GB, 8.0\nNVIDIA H100 80GB HBM3, 9.0\nNVIDIA B200, 10.0\n");
        assertThat(gpus).hasSize(3).contains(new Gpu("NVIDIA H100 80GB HBM3", new Capability(9, 0)));
        assertThat(GpuSupport.problem(gpus))
                .hasValue(
                        "its GPU NVIDIA H100 80GB HBM3 has compute capability 9.0, but ND4J 1.0.0-M2.1 (nd4j-cuda-11.6) has"
                                + " code for 3.7 to 8.9 only, and no PTX to make more from; use another engine, or hide this GPU"
                                + " with CUDA_VISIBLE_DEVICES");
    }

    @Test
    void shouldSaySoWhenThereIsNoGpu() {
        assertThat(GpuSupport.problem(List.of()))
                .hasValueSatisfying(problem -> assertThat(problem).contains("no NVIDIA GPU", "engine: cpu"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"NVIDIA H100", "NVIDIA H100, [N/A]", "NVIDIA H100, 9"})
    void shouldRefuseAnswersThatItCannotRead(String answer) {
        assertThatThrownBy(() -> GpuSupport.gpus(answer))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(answer);
    }
}
