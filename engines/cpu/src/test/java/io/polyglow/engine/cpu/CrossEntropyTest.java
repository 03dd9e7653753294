package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.assertj.core.util.DoubleComparator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows of several chunks, which a single pass reads. */
class CrossEntropyTest {
    private static final int V = 5000;
    private static final int TARGET = 2500;

    private record Result(double loss, List<Double> gradient) {}

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldAgreeWithReferenceWhenLaterChunksHaveLargerLogitsOrFirstOnesNone(DType dtype) {
        assertClose(dtype, v -> v / 2048 * 3 + Math.sin(v));
        assertClose(dtype, v -> 9 - v / 2048 * 3 + Math.sin(v));
        assertClose(dtype, v -> v < 2100 ? Double.NEGATIVE_INFINITY : Math.sin(v));
        assertClose(dtype, v -> v > 3000 ? Double.NEGATIVE_INFINITY : Math.sin(v));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldGiveNothingFiniteWhenSomeLogitIsNoNumber(DType dtype) {
        for (int bad : new int[] {0, TARGET, V - 1}) {
            for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
                Result result = run("cpu", dtype, v -> v == bad ? value : Math.sin(v));
                assertThat(result.loss).as("%s at %d", value, bad).isNotFinite();
                assertThat(result.gradient.get(TARGET)).isNotFinite();
            }
        }
        assertThat(run("cpu", dtype, v -> Double.NEGATIVE_INFINITY).loss).isNotFinite();
    }

    private static void assertClose(DType dtype, IntToDoubleFunction logits) {
        Result expected = run("reference", dtype, logits);
        Result actual = run("cpu", dtype, logits);
        assertThat(actual.loss).isCloseTo(expected.loss, within(1e-5));
        assertThat(actual.gradient)
                .usingElementComparator(new DoubleComparator(dtype == DType.F32 ? 1e-7 : 1e-5))
                .containsExactlyElementsOf(expected.gradient);
    }

    private static Result run(String name, DType dtype, IntToDoubleFunction logits) {
        try (Engine engine = Engines.named(name).open(1)) {
            Tensor x = new Tensor(engine.allocate("x", (long) V * dtype.bytes()), 0, dtype, 1, V);
            Tensor loss = new Tensor(engine.allocate("loss", Float.BYTES), 0, DType.F32, 1);
            Tensor target = new Tensor(engine.allocate("target", Integer.BYTES), 0, DType.I32, 1);
            double[] values = new double[V];
            Arrays.setAll(values, logits);
            Values.write(engine, x, values);
            Values.write(engine, target, TARGET);
            engine.kernels().softmaxCrossEntropy(loss, x, target, V, 0.5);
            return new Result(
                    Values.read(engine, loss)[0],
                    Arrays.stream(Values.read(engine, x)).boxed().toList());
        }
    }
}
