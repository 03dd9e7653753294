package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** The reference against numbers worked out by hand, since nothing else checks it forward. */
class ReferenceKernelsTest {
    private final Engine engine = new ReferenceEngine();
    private final Kernels k = engine.kernels();

    private Tensor tensor(double[] values, long... dims) {
        Tensor tensor = empty(dims);
        Values.write(engine, tensor, values);
        return tensor;
    }

    private Tensor empty(long... dims) {
        long size = 1;
        for (long dim : dims) {
            size *= dim;
        }
        return new Tensor(engine.allocate("test", 8 * size), 0, DType.F64, dims);
    }

    private Tensor ids(double... values) {
        Tensor tensor = new Tensor(engine.allocate("test", 4L * values.length), 0, DType.I32, values.length);
        Values.write(engine, tensor, values);
        return tensor;
    }

    private void expect(Tensor actual, double... expected) {
        assertThat(Values.read(engine, actual)).containsExactly(expected, within(1e-12));
    }

    @Test
    void shouldMultiplyInBothLayouts() {
        Tensor x = tensor(new double[] {1, 2}, 1, 2), bias = tensor(new double[] {10, 20, 30}, 3), out = empty(1, 3);
        k.linear(out, x, tensor(new double[] {1, 2, 3, 4, 5, 6}, 3, 2), WeightLayout.OUT_IN, bias, null);
        expect(out, 1 + 4 + 10, 3 + 8 + 20, 5 + 12 + 30);
        k.linear(out, x, tensor(new double[] {1, 2, 3, 4, 5, 6}, 2, 3), WeightLayout.IN_OUT, null, out);
        expect(out, 15 + 1 + 8, 31 + 2 + 10, 47 + 3 + 12);
    }

    @Test
    void shouldAddTokenAndPosition() {
        Tensor out = empty(4, 1),
                table = tensor(new double[] {1, 2, 3}, 3, 1),
                positions = tensor(new double[] {9, 10, 20}, 3, 1);
        k.embedding(out, ids(2, 0, 1, 1), table, positions, 2, 1);
        expect(out, 13, 21, 12, 22);
        assertThatThrownBy(() -> k.embedding(out, ids(2, 0, 1, 3), table, null, 2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token 3");
    }

    @Test
    void shouldNormalise() {
        Tensor x = tensor(new double[] {1, 3}, 1, 2),
                gamma = tensor(new double[] {2, 4}, 2),
                beta = tensor(new double[] {0, 1}, 2);
        Tensor out = empty(1, 2), mean = empty(1), rstd = empty(1);
        k.layerNorm(out, mean, rstd, x, gamma, beta, 3);
        expect(out, -1, 3);
        k.rmsNorm(out, rstd, x, gamma, 4);
        expect(out, 2.0 / 3, 4);
    }

    @Test
    void shouldComputeActivations() {
        Tensor out = empty(1, 2);
        k.gelu(out, tensor(new double[] {1, -2}, 1, 2));
        assertThat(Values.read(engine, out))
                .as("gelu_new of Hugging Face")
                .containsExactly(new double[] {0.8411919906, -0.0454023059}, within(1e-9));
        k.swiglu(out, tensor(new double[] {0, Math.log(3), 5, 2}, 1, 4));
        expect(out, 0, Math.log(3) * 0.75 * 2);
    }

    @Test
    void shouldTurnHalves() {
        AttentionShape shape = new AttentionShape(1, 2, 1, 1, 4);
        double[] row = {1, 0, 0, 1, 0, 1, 1, 0, 5, 6, 7, 8};
        Tensor qkv = tensor(row, 1, 12).reshape(1, 12);
        k.rope(qkv, new AttentionShape(1, 1, 1, 1, 4), 3, 100, false);
        double fast = 3, slow = 3 / 10.0;
        expect(
                qkv,
                Math.cos(fast),
                -Math.sin(slow),
                Math.sin(fast),
                Math.cos(slow),
                -Math.sin(fast),
                Math.cos(slow),
                Math.cos(fast),
                Math.sin(slow),
                5,
                6,
                7,
                8);
        assertThat(shape.qkvChannels()).isEqualTo(12);
    }

    @Test
    void shouldAttendToThePastOnlyAndShareKeyHeads() {
        // 2 query heads, 1 key/value head, D = 1; rows are q0 q1 k v
        Tensor qkv = tensor(new double[] {1, 0, Math.log(2), 10, 1, 0, Math.log(6), 20}, 2, 4);
        Tensor out = empty(2, 2), logSumExp = empty(1, 2, 2);
        k.attention(out, logSumExp, qkv, null, new AttentionShape(1, 2, 2, 1, 1));
        expect(out, 10, 10, 10 * 0.25 + 20 * 0.75, 15);
        expect(logSumExp, Math.log(2), Math.log(8), 0, Math.log(2));
    }

    @Test
    void shouldComputeCrossEntropy() {
        Tensor logits = tensor(new double[] {0, Math.log(3), 99, 1, 1, 1}, 2, 3), loss = empty(2);
        k.softmaxCrossEntropy(loss, logits, ids(1, -1), 2, 2);
        expect(loss, Math.log(4.0 / 3), 0);
        expect(logits, 0.5, -0.5, 0, 0, 0, 0);
    }

    @Test
    void shouldUpdateAsAdamWDoes() {
        Tensor w = tensor(new double[] {1}, 1), m = tensor(new double[] {0}, 1), v = tensor(new double[] {0}, 1);
        k.adamW(new AdamWStep(0.1, 0.9, 0.99, 0, 0.5, 0.1, 0.01, 0.5), w, m, v, tensor(new double[] {4}, 1), null);
        expect(m, 0.2);
        expect(v, 0.04);
        expect(w, 1 - 0.1 * (1 + 0.5));
    }

    @Test
    void shouldBeFoundByName() {
        EngineProvider provider = ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(p -> p.name().equals("reference"))
                .findFirst()
                .orElseThrow();
        assertThat(provider.priority()).isZero();
        assertThat(provider.unavailable()).isEmpty();
        try (Engine opened = provider.open(2)) {
            assertThat(opened.computeTypes()).contains(DType.F64, DType.F32, DType.BF16);
        }
    }

    @Test
    void shouldRefuseToTouchClosedMemory() {
        Arena arena = engine.allocate("gone", 8);
        Tensor tensor = new Tensor(arena, 0, DType.F64, 1);
        arena.close();
        arena.close();
        assertThatThrownBy(() -> k.fill(tensor, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("gone");
    }
}
