package io.polyglow.engine.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class Nd4jEngineTest {
    private static final Engine ENGINE = Engines.named("nd4j").open(2);
    private static final Kernels K = ENGINE.kernels();

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @Test
    void shouldNeverBeChosenUnasked() {
        assertThat(Engines.named(Engines.AUTO).name()).isEqualTo("reference");
        assertThat(ENGINE.describe())
                .startsWith("nd4j: ND4J 1.0.0-M2.1 on the CPU (OPENBLAS")
                .contains("1 thread");
    }

    @Test
    void shouldRefuseMoreMemoryThanOneArrayHolds() {
        assertThatThrownBy(() -> ENGINE.allocate("weights", 1L << 33))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("at most 2^31 elements")
                .hasMessageContaining("weights");
    }

    @Test
    void shouldRefuseOtherDtypesAndClosedMemory() {
        Arena arena = ENGINE.allocate("test", 64);
        Tensor narrow = new Tensor(arena, 0, DType.BF16, 4);
        Tensor tensor = new Tensor(arena, 0, DType.F32, 4);
        assertThatThrownBy(() -> K.fill(narrow, 1)).hasMessageContaining("F32");
        assertThatThrownBy(() -> Values.read(ENGINE, narrow)).hasMessageContaining("BF16");
        K.fill(tensor, 1);
        arena.close();
        assertThatThrownBy(() -> K.fill(tensor, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldMoveBitsThatAreNoNumbers() {
        try (Arena arena = ENGINE.allocate("test", 4 * 64)) {
            Tensor ids = new Tensor(arena, 12, DType.I32, 5);
            double[] values = {1, -1, 0x7fa00001, 65_536, Integer.MIN_VALUE};
            Values.write(ENGINE, ids, values);
            assertThat(Values.read(ENGINE, ids)).isEqualTo(values);
        }
    }

    @Test
    void shouldAcceptSlicesWithoutElements() {
        try (Arena arena = ENGINE.allocate("test", 0)) {
            Tensor none = new Tensor(arena, 0, DType.F32, 0);
            K.fill(none, 1);
            K.copy(none, none);
            K.add(none, none);
            K.sumOfSquares(new Tensor(arena, 0, DType.F64, 0), none, 16);
            ENGINE.read(none, new UnsafeBuffer(new byte[0]), 0);
            ENGINE.write(none, new UnsafeBuffer(new byte[0]), 0);
            assertThat(Values.read(ENGINE, none)).isEmpty();
        }
    }

    @Test
    void shouldAddLongRowsWithoutLosingDigits() {
        int classes = 100_003;
        try (Arena arena = ENGINE.allocate("test", 4L * (2 * classes + 4))) {
            Tensor logits = new Tensor(arena, 0, DType.F32, 2, classes);
            Tensor loss = new Tensor(arena, logits.bytes(), DType.F32, 2);
            Tensor targets = new Tensor(arena, logits.bytes() + loss.bytes(), DType.I32, 2);
            K.fill(logits, 0.5);
            Values.write(ENGINE, targets, 5, classes - 1);
            K.softmaxCrossEntropy(loss, logits, targets, classes, 1);
            double[] losses = Values.read(ENGINE, loss);
            assertThat(losses[0]).isCloseTo(Math.log(classes), within(2e-6));
            assertThat(Arrays.stream(Values.read(ENGINE, logits)).sum()).isCloseTo(0, within(1e-5));
        }
    }
}
