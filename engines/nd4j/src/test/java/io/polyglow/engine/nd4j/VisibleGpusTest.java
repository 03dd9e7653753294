package io.polyglow.engine.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.GpuChoice;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.concurrency.BasicAffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;

class VisibleGpusTest {
    private static final String HOST = "0, GPU-a\n1, GPU-b\n2, GPU-c\n";

    private static MachineShare share(int indexOnHost, String... gpus) {
        return new MachineShare(1, indexOnHost, List.of(gpus));
    }

    /** nvidia-smi lists by its own numbers, CUDA in the order of the variable. */
    @Test
    void shouldCountAsCudaDoesWhenSomeAreHidden() {
        List<GpuChoice.Gpu> two = GpuSupport.visible(HOST, "2, 0");
        assertThat(GpuChoice.of(share(0, "2"), two)).isZero();
        assertThat(GpuChoice.of(share(0, "GPU-a"), two)).isEqualTo(1);
        assertThat(GpuSupport.visible("5, GPU-9b31\n6, GPU-77aa\n", "GPU-77"))
                .containsExactly(new GpuChoice.Gpu("6", "GPU-77aa"));
    }

    @Test
    void shouldRefuseAGpuThatTheVariableHides() {
        List<GpuChoice.Gpu> one = GpuSupport.visible(HOST, "1");
        assertThatThrownBy(() -> GpuChoice.of(share(0, "0"), one))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageStartingWith("GPU 0 is set aside for this rank")
                .hasMessageContaining("GPU-b");
    }

    @Test
    void shouldSelectTheGpuOnEachThreadThatHasAnother() throws InterruptedException {
        PerThread threads = new PerThread();
        GpuOfThread gpu = new GpuOfThread(threads, 2);
        gpu.select();
        gpu.select();
        assertThat(threads.set).as("once is enough").containsExactly(2);
        Thread other = new Thread(gpu::select);
        other.start();
        other.join(10_000);
        assertThat(threads.set).as("another thread begins on another GPU").containsExactly(2, 2);
    }

    /** Two ranks of one process: each gets back its GPU. */
    @Test
    void shouldSelectAgainWhereAnotherEngineComputedInBetween() {
        PerThread threads = new PerThread();
        GpuOfThread first = new GpuOfThread(threads, 0);
        GpuOfThread second = new GpuOfThread(threads, 1);
        first.select();
        second.select();
        first.select();
        assertThat(threads.set).containsExactly(1, 0);
    }

    /** ND4J's record of threads and their devices, which begin with 0. */
    private static final class PerThread extends BasicAffinityManager {
        final List<Integer> set = new ArrayList<>();
        private final ThreadLocal<Integer> device = ThreadLocal.withInitial(() -> 0);

        @Override
        public void touch(INDArray array) {}

        @Override
        public void touch(DataBuffer buffer) {}

        @Override
        public Integer getDeviceForCurrentThread() {
            return device.get();
        }

        @Override
        public void unsafeSetDevice(Integer deviceId) {
            device.set(deviceId);
            set.add(deviceId);
        }
    }
}
