package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TilingTest {
    @Test
    void shouldKeepSmallProductsWhole() {
        assertThat(Tiling.of(forward(64, 64, 64))).isEqualTo(new Tiling(64, 64, 64, false));
    }

    @Test
    void shouldCutIntoBlocksWhereTheWeightIsTransposed() {
        assertThat(Tiling.of(forward(1024, 3072, 768))).isEqualTo(new Tiling(256, 384, 768, false));
        assertThat(Tiling.of(forward(1, 3072, 768)))
                .as("one row: 9 MiB of weights to read")
                .isEqualTo(new Tiling(1, 384, 768, false));
        assertThat(Tiling.of(forward(1, 384, 128))).as("little to read").isEqualTo(new Tiling(1, 384, 128, false));
    }

    /** gpt2-124m with 1,024 rows, weights as GPT-2 has them ({@code [in, out]}) and as Llama has. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldGiveManyThreadsSomethingToDo(DType dtype) {
        int N = 1024, C = 768;
        for (int[] io : new int[][] {{C, 3 * C}, {C, C}, {C, 4 * C}, {4 * C, C}, {C, 50_257}}) {
            int I = io[0], O = io[1];
            assertThat(List.of(
                            tiles(forward(N, O, I), dtype),
                            tiles(inputGradient(N, I, O), dtype),
                            tiles(inputGradient(N, O, I), dtype),
                            tiles(forward(N, I, O), dtype)))
                    .as("N = %d, I = %d, O = %d", N, I, O)
                    .allSatisfy(tiles -> assertThat(tiles).isGreaterThanOrEqualTo(24));
            int least = dtype == DType.BF16 && I * O == C * C ? 12 : 24;
            assertThat(tiles(weightGradient(N, O, I), dtype)).isGreaterThanOrEqualTo(least);
            assertThat(tiles(weightGradient(N, I, O), dtype)).isGreaterThanOrEqualTo(least);
        }
        assertThat(tiles(forward(256, C, C), dtype)).as("a quarter of the rows").isEqualTo(12);
    }

    private static int tiles(GemmSpec spec, DType dtype) {
        GemmSpec typed = dtype == DType.BF16 ? inBf16(spec) : spec;
        return Tiling.of(typed).tiles(typed);
    }

    /** No band copies B, which is packed once; every part copies its rows of A. */
    @Test
    void shouldCutWeightGradientsIntoBandsOfWideParts() {
        assertThat(Tiling.of(weightGradient(1024, 3072, 768))).isEqualTo(new Tiling(128, 768, 1024, true));
        assertThat(Tiling.of(weightGradient(1024, 768, 3072))).isEqualTo(new Tiling(128, 768, 1024, true));
        assertThat(Tiling.of(weightGradient(1024, 768, 768)))
                .as("low ones where they are few")
                .isEqualTo(new Tiling(32, 768, 1024, true));
        assertThat(Tiling.of(weightGradient(2048, 384, 1536)))
                .as("not so low that each would bring 12 MB of x through the caches")
                .isEqualTo(new Tiling(192, 384, 2048, true));
    }

    /** As nano has them: to share such a product costs more than it gives. */
    @Test
    void shouldLeaveSmallProductsAsFewAsTheyAre() {
        assertThat(Tiling.of(forward(768, 512, 128)).tiles(forward(768, 512, 128)))
                .isLessThan(12);
    }

    @Test
    void shouldPackColumnsThatManyRowsShare() {
        assertThat(Tiling.of(inputGradient(1024, 768, 3072))).isEqualTo(new Tiling(512, 64, 3072, true));
        assertThat(Tiling.of(inputGradient(1024, 3072, 768)))
                .as("enough of any width")
                .isEqualTo(new Tiling(512, 192, 768, true));
        assertThat(Tiling.of(inputGradient(128, 768, 3072)).packed())
                .as("few rows")
                .isFalse();
        assertThat(Tiling.of(inputGradient(256, 128, 512)).packed())
                .as("few sums")
                .isFalse();
        assertThat(Tiling.of(forward(1024, 3072, 768)).packed())
                .as("transposed: no gain in F32")
                .isFalse();
    }

    @Test
    void shouldReadBInPlaceInBf16() {
        assertThat(Tiling.of(inBf16(inputGradient(1024, 768, 2304)))).isEqualTo(new Tiling(512, 64, 2304, false));
        assertThat(Tiling.of(inBf16(inputGradient(1024, 3072, 768)))).isEqualTo(new Tiling(512, 192, 768, false));
        assertThat(Tiling.of(inBf16(forward(1024, 2304, 768)))).isEqualTo(new Tiling(512, 192, 768, false));
        assertThat(Tiling.of(inBf16(weightGradient(1024, 3072, 768)))).isEqualTo(new Tiling(256, 384, 1024, false));
        assertThat(Tiling.of(inBf16(weightGradient(1024, 50_257, 768))))
                .as("many bands: whole rows")
                .isEqualTo(new Tiling(256, 768, 1024, false));
        assertThat(Tiling.of(inBf16(weightGradient(1024, 768, 2304))))
                .as("bands that are few: parts")
                .isEqualTo(new Tiling(256, 288, 1024, false));
        assertThat(Tiling.of(inBf16(weightGradient(1024, 768, 768))))
                .as("too few high bands, and every part copies its band of x: low ones")
                .isEqualTo(new Tiling(128, 384, 1024, false));
    }

    private static GemmSpec inBf16(GemmSpec spec) {
        return GemmSpec.product(spec.m(), spec.n(), spec.k(), spec.a(), spec.b(), spec.c(), DType.BF16, DType.F32);
    }

    @Test
    void shouldBoundSlicesOfLongSums() {
        Tiling head = Tiling.of(inputGradient(1024, 768, 50_257));
        assertThat(head).isEqualTo(new Tiling(512, 64, 3872, true));
        assertThat(Tiling.of(inputGradient(1024, 768, 2_000_000)).depth()).isLessThanOrEqualTo(4096);

        int N = 256, I = 256, O = 8_200;
        try (CpuEngine engine = new CpuEngine(2)) {
            double[] dOut = integers(N * O, i -> i * 7 % 5 - 2), w = integers(O * I, i -> i * 11 % 7 - 3);
            Tensor dX = tensor(engine, N, I);
            engine.kernels()
                    .linearBackwardInput(dX, filled(engine, dOut, N, O), filled(engine, w, O, I), WeightLayout.OUT_IN);
            assertThat(Values.read(engine, dX)).isEqualTo(product(N, I, O, dOut, O, 1, w));
            assertThat(engine.work().products())
                    .as("three slices of each of four tiles")
                    .isEqualTo(12);
        }
    }

    /** The weight of {@code [in, out]} is not transposed in the forward pass, so its columns are packed too. */
    @Test
    void shouldAddBiasAndResidualOnceToSlicesOfLongSums() {
        int N = 256, I = 8_200, O = 256;
        try (CpuEngine engine = new CpuEngine(2)) {
            double[] x = integers(N * I, i -> i * 7 % 5 - 2), w = integers(I * O, i -> i * 11 % 7 - 3);
            double[] bias = integers(O, i -> i % 9 - 4), residual = integers(N * O, i -> i % 11 - 5);
            double[] expected = product(N, O, I, x, I, 1, w);
            Arrays.setAll(expected, i -> expected[i] + bias[i % O] + residual[i]);
            Tensor out = tensor(engine, N, O), stream = filled(engine, residual, N, O);
            Tensor left = filled(engine, x, N, I), right = filled(engine, w, I, O);
            Tensor row = filled(engine, bias, O);
            engine.kernels().linear(out, left, right, WeightLayout.IN_OUT, row, stream);
            assertThat(Values.read(engine, out)).isEqualTo(expected);
            engine.kernels().linear(stream, left, right, WeightLayout.IN_OUT, row, stream);
            assertThat(Values.read(engine, stream)).as("in place").isEqualTo(expected);
            assertThat(engine.work().products())
                    .as("three slices of each of four tiles, twice")
                    .isEqualTo(24);
        }
    }

    /** Small integers, whose sums are exact. */
    @Test
    void shouldComputeFromPackedColumnsWhatTheFormulaSays() {
        int N = 600, I = 1024, O = 70;
        try (CpuEngine engine = new CpuEngine(2)) {
            double[] dOut = integers(N * O, i -> i * 7 % 5 - 2), w = integers(O * I, i -> i * 11 % 7 - 3);
            double[] x = integers(N * I, i -> i * 3 % 5 - 2);
            Tensor dX = tensor(engine, N, I), dW = tensor(engine, 300, I);
            engine.kernels()
                    .linearBackwardInput(dX, filled(engine, dOut, N, O), filled(engine, w, O, I), WeightLayout.OUT_IN);
            double[] wide = integers(N * 300, i -> i * 13 % 7 - 3);
            engine.kernels()
                    .linearBackwardWeight(
                            dW, null, filled(engine, x, N, I), filled(engine, wide, N, 300), WeightLayout.OUT_IN, true);
            assertThat(Values.read(engine, dX)).isEqualTo(product(N, I, O, dOut, O, 1, w));
            assertThat(Values.read(engine, dW)).isEqualTo(product(300, I, N, wide, 1, 300, x));
        }
    }

    /** Integers that bf16 holds, with sums that f32 holds; of the last tile in each direction something is missing. */
    @Test
    void shouldComputeInBf16WhatTheFormulaSays() {
        int N = 60, I = 3_100, O = 390;
        assertThat(Tiling.of(inBf16(weightGradient(N, I, O)))).isEqualTo(new Tiling(240, 390, N, false));
        try (CpuEngine engine = new CpuEngine(2)) {
            assumeThat(engine.computeTypes()).contains(DType.BF16);
            double[] x = integers(N * I, i -> i * 7 % 5 - 2), dOut = integers(N * O, i -> i * 11 % 7 - 3);
            double[] w = integers(I * O, i -> i * 3 % 5 - 2);
            Tensor dW = tensor(engine, I, O), out = tensor(engine, N, O);
            Tensor rows = inBf16(engine, x, N, I), slopes = inBf16(engine, dOut, N, O);
            engine.kernels().linearBackwardWeight(dW, null, rows, slopes, WeightLayout.IN_OUT, false);
            engine.kernels().linear(out, rows, inBf16(engine, w, I, O), WeightLayout.IN_OUT, null, null);
            assertThat(Values.read(engine, dW)).isEqualTo(product(I, O, N, x, 1, I, dOut));
            assertThat(Values.read(engine, out)).isEqualTo(product(N, O, I, x, I, 1, w));
        }
    }

    private static Tensor inBf16(CpuEngine engine, double[] values, long... dims) {
        Tensor source = filled(engine, values, dims);
        Tensor tensor = new Tensor(engine.allocate("test", 2 * source.size()), 0, DType.BF16, dims);
        engine.kernels().copy(tensor, source);
        return tensor;
    }

    /** What is left over of 1,070 or 334 columns is narrower than the tiles before, and padded otherwise. */
    @ParameterizedTest
    @ValueSource(ints = {334, 1070})
    void shouldKeepPackedColumnsOfAllTilesApart(int I) {
        int N = 512, O = 300;
        try (CpuEngine engine = new CpuEngine(2)) {
            double[] dOut = integers(N * O, i -> i * 7 % 5 - 2), w = integers(O * I, i -> i * 11 % 7 - 3);
            Tensor dX = tensor(engine, N, I);
            Tensor left = filled(engine, dOut, N, O), right = filled(engine, w, O, I);
            assertThat(Tiling.of(inputGradient(N, I, O)).packed()).isTrue();
            engine.kernels().linearBackwardInput(dX, left, right, WeightLayout.OUT_IN);
            assertThat(Values.read(engine, dX)).isEqualTo(product(N, I, O, dOut, O, 1, w));
        }
    }

    @Test
    void shouldPackNoMoreColumnsAtATimeThanMemoryIsMeantFor() {
        int N = 4096, I = 1056, O = 256;
        try (CpuEngine engine = new CpuEngine(2)) {
            double[] x = integers(N * I, i -> i * 3 % 5 - 2), dOut = integers(N * O, i -> i * 7 % 5 - 2);
            Tensor dW = tensor(engine, O, I);
            engine.kernels()
                    .linearBackwardWeight(
                            dW, null, filled(engine, x, N, I), filled(engine, dOut, N, O), WeightLayout.OUT_IN, false);
            assertThat(Values.read(engine, dW)).isEqualTo(product(O, I, N, dOut, 1, O, x));
            assertThat(4L * N * I).isGreaterThan(Tiling.PACKED_BYTES);
            assertThat(engine.scratchBytes()).isLessThan(Tiling.PACKED_BYTES + 2 * Gemm.SCRATCHPAD_BYTES);
        }
    }

    private static GemmSpec forward(int rows, int outputs, int inputs) {
        Strides in = Strides.rows(inputs);
        return GemmSpec.product(
                rows, outputs, inputs, in, in.transposed(), Strides.rows(outputs), DType.F32, DType.F32);
    }

    private static GemmSpec inputGradient(int rows, int inputs, int outputs) {
        Strides in = Strides.rows(inputs);
        return GemmSpec.product(rows, inputs, outputs, Strides.rows(outputs), in, in, DType.F32, DType.F32);
    }

    private static GemmSpec weightGradient(int rows, int outputs, int inputs) {
        Strides in = Strides.rows(inputs);
        return GemmSpec.product(outputs, inputs, rows, Strides.rows(outputs).transposed(), in, in, DType.F32, DType.F32)
                .adding(false, Addend.OUT);
    }

    /** C of A with these strides and B of n columns. */
    private static double[] product(int m, int n, int k, double[] a, int row, int column, double[] b) {
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int l = 0; l < k; l++) {
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += a[i * row + l * column] * b[l * n + j];
                }
            }
        }
        return c;
    }

    private static double[] integers(int count, IntUnaryOperator value) {
        double[] values = new double[count];
        Arrays.setAll(values, value::applyAsInt);
        return values;
    }

    private static Tensor filled(CpuEngine engine, double[] values, long... dims) {
        Tensor tensor = tensor(engine, dims);
        Values.write(engine, tensor, values);
        return tensor;
    }

    private static Tensor tensor(CpuEngine engine, long... dims) {
        long size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        return new Tensor(engine.allocate("test", size * Float.BYTES), 0, DType.F32, dims);
    }
}
