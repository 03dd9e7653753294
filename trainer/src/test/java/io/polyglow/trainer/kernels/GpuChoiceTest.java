package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.GpuChoice.Gpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class GpuChoiceTest {
    private static final List<Gpu> THREE = List.of(new Gpu("0", "GPU-a"), new Gpu("1", "GPU-b"), new Gpu("2", "GPU-c"));

    private static MachineShare share(int indexOnHost, String... gpus) {
        return new MachineShare(1, indexOnHost, List.of(gpus));
    }

    @Test
    void shouldTakeTheGpuThatIsSetAside() {
        assertThat(GpuChoice.of(share(0, "2"), THREE)).isEqualTo(2);
        assertThat(GpuChoice.of(share(2, "0"), THREE)).isZero();
        assertThat(GpuChoice.of(share(0, "GPU-b"), THREE)).isEqualTo(1);
    }

    @Test
    void shouldTakeTurnsWhenNoneIsSetAside() {
        assertThat(List.of(
                        GpuChoice.of(share(0), THREE),
                        GpuChoice.of(share(1), THREE),
                        GpuChoice.of(share(2), THREE),
                        GpuChoice.of(share(3), THREE)))
                .containsExactly(0, 1, 2, 0);
    }

    @Test
    void shouldAnswerInCudasOrderWhateverTheNumbers() {
        List<Gpu> two = List.of(new Gpu("5", "GPU-f"), new Gpu("3", "GPU-d"));
        assertThat(GpuChoice.of(share(0, "3"), two)).isEqualTo(1);
        assertThat(GpuChoice.of(share(0, "GPU-f"), two)).isZero();
        assertThat(GpuChoice.of(share(1), two)).isEqualTo(1);
        refused(two, ErrorKind.ENVIRONMENT, "GPU 0 ", "0").contains("numbers 5, 3, UUIDs GPU-f, GPU-d");
    }

    @Test
    void shouldRefuseGpusThatTheHostLacksAndMoreThanOne() {
        refused(THREE, ErrorKind.ENVIRONMENT, "GPU 3 ", "3")
                .contains("sees 3: numbers 0, 1, 2, UUIDs GPU-a, GPU-b, GPU-c")
                .contains("discovery script");
        refused(THREE, ErrorKind.ENVIRONMENT, "GPU cuda:0 ", "cuda:0");
        refused(THREE, ErrorKind.USAGE, "the GPUs 0, 1 ", "0", "1").contains("spark.task.resource.gpu.amount=1");
    }

    private static org.assertj.core.api.AbstractStringAssert<?> refused(
            List<Gpu> visible, ErrorKind kind, String start, String... gpus) {
        String[] message = {""};
        assertThatThrownBy(() -> GpuChoice.of(share(0, gpus), visible))
                .isInstanceOfSatisfying(PolyglowException.class, e -> {
                    assertThat(e.kind()).isEqualTo(kind);
                    message[0] = e.getMessage();
                });
        return assertThat(message[0]).startsWith(start);
    }
}
