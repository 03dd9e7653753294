package io.polyglow.trainer.kernels;

import static io.polyglow.trainer.tensor.DType.BF16;
import static io.polyglow.trainer.tensor.DType.F32;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.KernelLab.Operand;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The part of {@link KernelsContractTest} about linear layers, and the engines under test. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class LinearKernelsContractTest {
    /** (rows, inputs, outputs) of linear layers. */
    private static final int[][] LINEAR = {
        {1, 1, 1}, {1, 1021, 13}, {13, 1, 207}, {207, 13, 1}, {13, 207, 1021}, {207, 64, 96}, {64, 1021, 207}
    };

    private @Nullable KernelLab openLab;
    private List<DType> computeTypes = List.of();

    /** Opens the engine under test with this many threads. */
    protected abstract Engine open(int threads);

    /** The engine is opened with 1 to this many threads; 1 where it has no use for them. */
    protected int mostThreads() {
        return 3;
    }

    @BeforeAll
    void openEngines() {
        openLab = new KernelLab(this::open, mostThreads());
        computeTypes = List.copyOf(lab().subject().computeTypes());
    }

    @AfterAll
    void closeEngines() {
        lab().close();
    }

    final KernelLab lab() {
        return Objects.requireNonNull(openLab);
    }

    final List<DType> computeTypes() {
        assertThat(computeTypes).contains(F32);
        return computeTypes;
    }

    static DType residual(DType compute) {
        return Precision.of(compute).residual();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldComputeLinearLayers(DType compute) {
        for (WeightLayout layout : WeightLayout.values()) {
            for (int[] d : LINEAR) {
                for (DType outType : List.of(compute, residual(compute))) {
                    linear(compute, outType, layout, d[0], d[1], d[2]);
                }
            }
        }
    }

    private void linear(DType compute, DType outType, WeightLayout layout, int N, int I, int O) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        Operand x = lab.input(compute, N, I);
        Operand w = layout == WeightLayout.OUT_IN ? lab.input(compute, O, I) : lab.input(compute, I, O);
        Operand bias = lab.input(residual, O);
        Operand stream = lab.input(residual, N, O);
        Operand plain = lab.output(outType, N, O);
        Operand biased = lab.output(outType, N, O);
        Operand full = lab.output(outType, N, O);
        Operand inPlace = lab.input(residual, N, O);
        lab.run((k, at) -> {
            k.linear(at.of(plain), at.of(x), at.of(w), layout, null, null);
            k.linear(at.of(biased), at.of(x), at.of(w), layout, at.of(bias), null);
            k.linear(at.of(full), at.of(x), at.of(w), layout, at.of(bias), at.of(stream));
            k.linear(at.of(inPlace), at.of(x), at.of(w), layout, null, at.of(inPlace));
        });
        String what = layout + " " + N + "x" + I + "x" + O + " ";
        lab.assertClose(what + "plain", plain, I, F32);
        assertCloseUpToRoundedBias(what + "with bias", biased, bias, I);
        lab.assertClose(what + "with bias and residual", full, I, F32);
        lab.assertClose(what + "in place", inPlace, I, F32);
        lab.clear();
    }

    /** Whether the engine rounds the bias of an output in bf16 first, as {@link Kernels#linear} allows. */
    protected boolean roundsBias() {
        return false;
    }

    /** A bias that was rounded to the output's dtype is off by up to half a unit of its own value. */
    private void assertCloseUpToRoundedBias(String what, Operand out, Operand bias, int terms) {
        double half = roundsBias() && out.dtype == BF16 ? 0x1p-8 : 0;
        double[] nearest = out.actual.clone();
        for (int i = 0; i < nearest.length; i++) {
            double slack = half * Math.abs(bias.actual[i % bias.actual.length]);
            double error = nearest[i] - out.expected[i];
            nearest[i] = out.expected[i] + Math.signum(error) * Math.max(0, Math.abs(error) - slack);
        }
        Values.assertClose(what, nearest, out.expected, out.dtype, terms, F32);
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldLeavePaddingColumnsAlone(DType compute) {
        KernelLab lab = lab();
        int N = 67, I = 96, O = 207, padded = 256;
        double[] gradient = new double[N * padded];
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = i % padded < O ? Math.sin(i) : Double.NaN;
        }
        for (WeightLayout layout : WeightLayout.values()) {
            int[] wDims = layout == WeightLayout.OUT_IN ? new int[] {O, I} : new int[] {I, O};
            Operand x = lab.input(compute, N, I), w = lab.input(compute, wDims);
            Operand bias = lab.input(residual(compute), O);
            Operand out = lab.output(compute, N, padded), dOut = lab.given(compute, gradient, N, padded);
            Operand dX = lab.output(compute, N, I), dW = lab.input(residual(compute), wDims);
            Operand dBias = lab.input(residual(compute), O);
            lab.run((k, at) -> {
                k.linear(at.of(out), at.of(x), at.of(w), layout, null, null);
                k.linearBackwardInput(at.of(dX), at.of(dOut), at.of(w), layout);
                k.linearBackwardWeight(at.of(dW), at.of(dBias), at.of(x), at.of(dOut), layout, true);
                k.linear(at.of(out), at.of(x), at.of(w), layout, at.of(bias), null);
            });
            assertThat(columns(out.actual, padded, O, padded)).as("padding").containsOnly(Double.NaN);
            out.expected = columns(out.expected, padded, 0, O);
            out.actual = columns(out.actual, padded, 0, O);
            assertCloseUpToRoundedBias(layout + " padded", out, bias, I);
            lab.assertClose(layout + " padded dX", dX, O, F32);
            lab.assertClose(layout + " padded dW", dW, N, F32);
            lab.assertClose(layout + " padded dBias", dBias, N, F32);
            lab.clear();
        }
    }

    /** Columns {@code [from, to)} of rows of {@code ld}. */
    private static double[] columns(double[] values, int ld, int from, int to) {
        double[] part = new double[values.length / ld * (to - from)];
        for (int i = 0; i < part.length; i++) {
            part[i] = values[i / (to - from) * ld + from + i % (to - from)];
        }
        return part;
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldComputeLinearGradients(DType compute) {
        for (WeightLayout layout : WeightLayout.values()) {
            for (int[] d : LINEAR) {
                linearBackward(compute, layout, d[0], d[1], d[2]);
            }
        }
    }

    private void linearBackward(DType compute, WeightLayout layout, int N, int I, int O) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        int[] wDims = layout == WeightLayout.OUT_IN ? new int[] {O, I} : new int[] {I, O};
        Operand x = lab.input(compute, N, I);
        Operand w = lab.input(compute, wDims);
        Operand dOut = lab.input(compute, N, O);
        Operand dX = lab.output(compute, N, I);
        Operand dXWide = lab.output(residual, N, I);
        Operand dW = lab.input(residual, wDims);
        Operand dBias = lab.input(residual, O);
        Operand dWOnly = lab.input(residual, wDims);
        Operand dWFirst = lab.output(residual, wDims);
        Operand dBiasFirst = lab.output(residual, O);
        lab.run((k, at) -> {
            k.linearBackwardInput(at.of(dX), at.of(dOut), at.of(w), layout);
            k.linearBackwardInput(at.of(dXWide), at.of(dOut), at.of(w), layout);
            k.linearBackwardWeight(at.of(dW), at.of(dBias), at.of(x), at.of(dOut), layout, true);
            k.linearBackwardWeight(at.of(dWOnly), null, at.of(x), at.of(dOut), layout, true);
            k.linearBackwardWeight(at.of(dWFirst), at.of(dBiasFirst), at.of(x), at.of(dOut), layout, false);
        });
        String what = layout + " " + N + "x" + I + "x" + O + " ";
        lab.assertClose(what + "dX", dX, O, F32);
        lab.assertClose(what + "dX residual", dXWide, O, F32);
        lab.assertClose(what + "dW", dW, N, F32);
        lab.assertClose(what + "dBias", dBias, N, F32);
        lab.assertClose(what + "dW without bias", dWOnly, N, F32);
        lab.assertClose(what + "first dW", dWFirst, N, F32);
        lab.assertClose(what + "first dBias", dBiasFirst, N, F32);
        lab.clear();
    }
}
