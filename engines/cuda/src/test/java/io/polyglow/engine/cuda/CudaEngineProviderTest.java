package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.GpuChoice.Gpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class CudaEngineProviderTest {
    /** nvidia-smi counts all GPUs of the host, CUDA those that the variable leaves, up to the first that is not there. */
    @Test
    void shouldNumberGpusAsNvidiaSmiDoesWhenSomeAreHidden() {
        assertThat(CudaEngineProvider.numbered(List.of("GPU-f", "GPU-d"), "5, 3"))
                .containsExactly(new Gpu("5", "GPU-f"), new Gpu("3", "GPU-d"));
        assertThat(CudaEngineProvider.numbered(List.of("GPU-a"), "0,1")).containsExactly(new Gpu("0", "GPU-a"));
        assertThat(CudaEngineProvider.numbered(List.of("GPU-a", "GPU-b"), ""))
                .containsExactly(new Gpu("0", "GPU-a"), new Gpu("1", "GPU-b"));
    }
}
