package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.List;
import org.junit.jupiter.api.Test;

class GpuChoiceTest {
    private static final GpuChoice THREE = new GpuChoice(List.of("GPU-a", "GPU-b", "GPU-c"), "");

    private static MachineShare share(int indexOnHost, String... gpus) {
        return new MachineShare(1, indexOnHost, List.of(gpus));
    }

    @Test
    void shouldTakeTheGpuThatIsSetAside() {
        assertThat(THREE.of(share(0, "2"))).isEqualTo(2);
        assertThat(THREE.of(share(2, "0"))).isZero();
        assertThat(THREE.of(share(0, "GPU-b"))).isEqualTo(1);
    }

    @Test
    void shouldTakeTurnsWhenNoneIsSetAside() {
        assertThat(List.of(THREE.of(share(0)), THREE.of(share(1)), THREE.of(share(2)), THREE.of(share(3))))
                .containsExactly(0, 1, 2, 0);
    }

    /** nvidia-smi counts all GPUs of the host, CUDA those that the variable leaves. */
    @Test
    void shouldCountAsNvidiaSmiDoesWhenSomeAreHidden() {
        GpuChoice twoOfEight = new GpuChoice(List.of("GPU-f", "GPU-d"), "5, 3");
        assertThat(twoOfEight.of(share(0, "3"))).isEqualTo(1);
        assertThat(twoOfEight.of(share(0, "GPU-f"))).isZero();
        assertThat(twoOfEight.of(share(1))).isEqualTo(1);
        refused(twoOfEight, ErrorKind.ENVIRONMENT, "GPU 0 ", "0")
                .contains("numbers 5, 3 (CUDA_VISIBLE_DEVICES), UUIDs GPU-f, GPU-d");
    }

    @Test
    void shouldRefuseGpusThatTheHostLacksAndMoreThanOne() {
        refused(THREE, ErrorKind.ENVIRONMENT, "GPU 3 ", "3")
                .contains("has 3: numbers 0, 1, 2, UUIDs GPU-a, GPU-b, GPU-c")
                .contains("discovery script");
        refused(THREE, ErrorKind.ENVIRONMENT, "GPU cuda:0 ", "cuda:0");
        refused(new GpuChoice(List.of("GPU-a"), "0,1"), ErrorKind.ENVIRONMENT, "GPU 1 ", "1");
        refused(THREE, ErrorKind.USAGE, "the GPUs 0, 1 ", "0", "1").contains("spark.task.resource.gpu.amount=1");
    }

    private static org.assertj.core.api.AbstractStringAssert<?> refused(
            GpuChoice choice, ErrorKind kind, String start, String... gpus) {
        String[] message = {""};
        assertThatThrownBy(() -> choice.of(share(0, gpus))).isInstanceOfSatisfying(PolyglowException.class, e -> {
            assertThat(e.kind()).isEqualTo(kind);
            message[0] = e.getMessage();
        });
        return assertThat(message[0]).startsWith(start);
    }
}
