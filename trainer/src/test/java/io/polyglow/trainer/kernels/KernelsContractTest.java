package io.polyglow.trainer.kernels;

import static io.polyglow.trainer.tensor.DType.BF16;
import static io.polyglow.trainer.tensor.DType.F32;
import static io.polyglow.trainer.tensor.DType.F64;
import static io.polyglow.trainer.tensor.DType.I32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.trainer.kernels.KernelLab.Operand;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link Kernels} and {@link Engine} promise. A subclass opens the engine under test; everything runs in each of its compute dtypes, at odd
 * sizes, against the reference, repeatedly and with 1, 2 and 3 threads for the same bits ({@link KernelLab}).
 */
public abstract class KernelsContractTest extends AttentionKernelsContractTest {
    /** (rows, columns) of everything that works on rows. */
    private static final int[][] ROWS = {
        {1, 1}, {1, 1021}, {13, 207}, {207, 13}, {64, 64}, {207, 1021}, {70, 776}, {37, 1032}, {19, 4104}
    };

    /** A size that divides into no block, vector or piece. */
    private static final int FLAT = 100_003;

    @Test
    void shouldPreferAComputeTypeItSupports() {
        assertThat(computeTypes()).contains(lab().subject().preferredComputeType());
        assertThat(lab().subject().name()).isNotBlank();
        assertThat(lab().subject().describe()).isNotBlank();
    }

    @Test
    void shouldHandOutZeroedMemoryAndMoveBytes() {
        Engine engine = lab().subject();
        try (Arena arena = engine.allocate("test", 4 * 1021)) {
            Tensor all = new Tensor(arena, 0, F32, 1021);
            assertThat(Values.read(engine, all)).containsOnly(0);
            engine.write(all.slice(13, 2), new UnsafeBuffer(Values.encode(F32, 0, 1.5, -2)), 4);
            assertThat(Values.read(engine, all.slice(12, 4))).containsExactly(0, 1.5, -2, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldRepeatCallsOnWhateverTheTensorsHold(DType compute) {
        Engine engine = lab().subject();
        Kernels k = engine.kernels();
        for (int memory = 0; memory < 2; memory++) {
            try (Arena arena = engine.allocate("test", 4096)) {
                Tensor x = new Tensor(arena, 0, compute, 13);
                Tensor twice = new Tensor(arena, 1024, compute, 13), copy = new Tensor(arena, 2048, compute, 13);
                for (int round = 1; round <= 4; round++) {
                    k.fill(x, round);
                    engine.repeat("twice", () -> {
                        k.fill(twice, 0);
                        k.add(twice, x);
                        k.add(twice, x);
                    });
                    engine.repeat("copy", () -> k.copy(copy, twice));
                    assertThat(Values.read(engine, copy)).containsOnly(2 * round);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldFillCopyAndAdd(DType compute) {
        KernelLab lab = lab();
        for (DType dtype : List.of(compute, residual(compute))) {
            Operand filled = lab.output(dtype, FLAT);
            Operand copied = lab.output(dtype, FLAT);
            Operand sum = lab.input(dtype, FLAT);
            Operand x = lab.input(residual(compute), FLAT);
            Operand same = lab.input(dtype, FLAT);
            lab.run((k, at) -> {
                k.fill(at.of(filled), 0.375);
                k.copy(at.of(copied), at.of(x));
                k.add(at.of(sum), at.of(same));
            });
            assertThat(filled.actual).containsOnly(0.375);
            assertThat(copied.actual)
                    .as("copy to %s rounds to nearest even", dtype)
                    .isEqualTo(copied.expected);
            assertThat(sum.actual).as("add").isEqualTo(sum.expected);
            lab.clear();
        }
        Operand wide = lab.output(residual(compute), 1021);
        Operand narrow = lab.input(compute, 1021);
        lab.run((k, at) -> k.copy(at.of(wide), at.of(narrow)));
        assertThat(wide.actual).as("widening is exact").isEqualTo(wide.expected);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldEmbed(DType compute) {
        KernelLab lab = lab();
        for (DType table : List.of(compute, residual(compute))) {
            for (boolean positions : new boolean[] {true, false}) {
                int B = 3, T = 13, C = 207, V = 31;
                Operand out = lab.output(residual(compute), B * T, C);
                Operand tokens = lab.ids(V, B * T);
                Operand wte = lab.input(table, V, C);
                Operand wpe = positions ? lab.input(table, T + 9, C) : null;
                lab.run((k, at) ->
                        k.embedding(at.of(out), at.of(tokens), at.of(wte), wpe == null ? null : at.of(wpe), T, 5));
                lab.assertClose("embedding", out, 1, F32);
                lab.clear();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldAccumulateEmbeddingGradients(DType compute) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        // few and many rows of a token, more channels than threads
        for (int[] d : new int[][] {{5, 41, 67, 7}, {3, 401, 9, 1}, {2, 3, 1030, 4}}) {
            int B = d[0], T = d[1], C = d[2], V = d[3];
            Operand tokens = lab.ids(V, B * T);
            Operand dOut = lab.input(residual, B * T, C);
            Operand dWte = lab.input(residual, V, C);
            Operand dWpe = lab.input(residual, T + 2, C);
            lab.run((k, at) -> {
                k.embeddingBackward(at.of(dWte), at.of(dWpe), at.of(tokens), at.of(dOut), T);
                k.embeddingBackward(at.of(dWte), null, at.of(tokens), at.of(dOut), T);
                k.embeddingBackward(null, at.of(dWpe), at.of(tokens), at.of(dOut), T);
            });
            lab.assertAccumulated("dTokenTable", dWte, 2 * B * T, F32);
            lab.assertAccumulated("dPositionTable", dWpe, 2 * B, F32);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldNormaliseRows(DType compute) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        for (int[] d : ROWS) {
            int N = d[0], C = d[1];
            Operand x = lab.input(residual, 3.0, N, C);
            Operand gamma = lab.input(residual, C);
            Operand beta = lab.input(residual, C);
            Operand out = lab.output(compute, N, C), bare = lab.output(compute, N, C), rms = lab.output(compute, N, C);
            Operand mean = lab.output(residual, N), rstd = lab.output(residual, N), rrms = lab.output(residual, N);
            lab.run((k, at) -> {
                k.layerNorm(at.of(bare), at.of(mean), at.of(rstd), at.of(x), at.of(gamma), null, 1e-5);
                k.layerNorm(at.of(out), at.of(mean), at.of(rstd), at.of(x), at.of(gamma), at.of(beta), 1e-5);
                k.rmsNorm(at.of(rms), at.of(rrms), at.of(x), at.of(gamma), 1e-6);
            });
            lab.assertClose("layerNorm", out, C, F32);
            lab.assertClose("layerNorm without beta", bare, C, F32);
            lab.assertClose("mean", mean, C, F32);
            lab.assertClose("rstd", rstd, C, F32);
            lab.assertClose("rmsNorm", rms, C, F32);
            lab.assertClose("rmsNorm rstd", rrms, C, F32);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldAccumulateNormGradients(DType compute) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        for (int[] d : ROWS) {
            int N = d[0], C = d[1];
            Operand x = lab.input(residual, N, C);
            Operand gamma = lab.input(residual, C), dOut = lab.input(compute, N, C);
            Operand mean = lab.input(residual, 0.1, N), rstd = lab.input(residual, N);
            Operand dX = lab.input(residual, N, C), dXRms = lab.input(residual, N, C);
            Operand copy = lab.output(compute, N, C), copyRms = lab.output(compute, N, C);
            Operand dGamma = lab.input(residual, C), dBeta = lab.input(residual, C), dGammaRms = lab.input(residual, C);
            lab.run((k, at) -> {
                k.layerNormBackward(
                        at.of(dX),
                        at.of(dGamma),
                        at.of(dBeta),
                        at.of(dOut),
                        at.of(x),
                        at.of(gamma),
                        at.of(mean),
                        at.of(rstd));
                k.normBackward(
                        at.of(dX),
                        at.of(copy),
                        at.of(dGamma),
                        null,
                        at.of(dOut),
                        at.of(x),
                        at.of(gamma),
                        at.of(mean),
                        at.of(rstd));
                k.rmsNormBackward(at.of(dXRms), at.of(dGammaRms), at.of(dOut), at.of(x), at.of(gamma), at.of(rstd));
                k.normBackward(
                        at.of(dXRms),
                        at.of(copyRms),
                        at.of(dGammaRms),
                        null,
                        at.of(dOut),
                        at.of(x),
                        at.of(gamma),
                        null,
                        at.of(rstd));
            });
            lab.assertAccumulated("layerNorm dX", dX, C, F32);
            lab.assertAccumulated("layerNorm dGamma", dGamma, N, F32);
            lab.assertAccumulated("layerNorm dBeta", dBeta, N, F32);
            lab.assertAccumulated("rmsNorm dX", dXRms, C, F32);
            lab.assertClose("copy of layerNorm dX", copy, C, F32);
            lab.assertClose("copy of rmsNorm dX", copyRms, C, F32);
            lab.assertAccumulated("rmsNorm dGamma", dGammaRms, N, F32);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldComputeActivationsAndTheirGradients(DType compute) {
        KernelLab lab = lab();
        for (int[] d : ROWS) {
            int N = d[0], F = d[1];
            // a single value far below 0 has a GELU that cancels to 0 in one form and is 1e-29 in another
            double std = N * F == 1 ? 1 : 3;
            Operand x = lab.input(compute, std, N, F), gateUp = lab.input(compute, std, N, 2 * F);
            Operand dOut = lab.input(compute, N, F), inPlace = lab.input(compute, N, F);
            Operand gelu = lab.output(compute, N, F), dX = lab.output(compute, N, F);
            Operand swiglu = lab.output(compute, N, F), dGateUp = lab.output(compute, N, 2 * F);
            lab.run((k, at) -> {
                k.gelu(at.of(gelu), at.of(x));
                k.geluBackward(at.of(dX), at.of(dOut), at.of(x));
                k.geluBackward(at.of(inPlace), at.of(inPlace), at.of(x));
                k.swiglu(at.of(swiglu), at.of(gateUp));
                k.swigluBackward(at.of(dGateUp), at.of(dOut), at.of(gateUp));
            });
            lab.assertClose("gelu", gelu, 1, F32);
            lab.assertClose("gelu dX", dX, 1, F32);
            lab.assertClose("gelu dX in place", inPlace, 1, F32);
            lab.assertClose("swiglu", swiglu, 1, F32);
            lab.assertClose("swiglu dGateUp", dGateUp, 1, F32);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldStayFiniteWhenActivationsAreExtreme(DType compute) {
        KernelLab lab = lab();
        double[] extremes = {-1e30, -300, -88, 88, 300, 1e30};
        Operand x = lab.given(compute, extremes, 1, 6);
        Operand gateUp = lab.given(compute, Arrays.copyOf(extremes, 12), 1, 12);
        Operand gelu = lab.output(compute, 1, 6), swiglu = lab.output(compute, 1, 6);
        lab.run((k, at) -> {
            k.gelu(at.of(gelu), at.of(x));
            k.swiglu(at.of(swiglu), at.of(gateUp));
        });
        assertThat(gelu.actual).startsWith(gelu.expected[0]).doesNotContain(Double.NaN);
        assertThat(swiglu.actual).doesNotContain(Double.NaN);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldSumGradientsOfGeluOverRowsAsByThemselves(DType compute) {
        KernelLab lab = lab();
        for (int[] d : ROWS) {
            int N = d[0], F = d[1];
            Operand x = lab.input(compute, N, F), dOut = lab.input(compute, N, F);
            Operand dX = lab.output(compute, N, F), apart = lab.output(compute, N, F);
            Operand inPlace = lab.output(compute, N, F);
            Operand dBias = lab.output(residual(compute), F), sums = lab.output(residual(compute), F);
            Operand added = lab.input(residual(compute), F), addedApart = lab.output(residual(compute), F);
            lab.run((k, at) -> {
                k.geluBackward(at.of(apart), at.of(dOut), at.of(x));
                k.sumRows(at.of(sums), at.of(apart), false);
                k.copy(at.of(addedApart), at.of(added));
                k.sumRows(at.of(addedApart), at.of(apart), true);
                k.geluBackward(at.of(dX), at.of(dBias), at.of(dOut), at.of(x), false);
                k.copy(at.of(inPlace), at.of(dOut));
                k.geluBackward(at.of(inPlace), at.of(added), at.of(inPlace), at.of(x), true);
            });
            assertThat(dX.actual).isEqualTo(apart.actual);
            assertThat(inPlace.actual).isEqualTo(apart.actual);
            assertThat(dBias.actual).isEqualTo(sums.actual);
            assertThat(added.actual).isEqualTo(addedApart.actual);
            lab.assertClose("sums over rows", sums, N, compute);
            lab.assertAccumulated("added sums over rows", added, N, compute);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldFuseSoftmaxAndCrossEntropy(DType compute) {
        KernelLab lab = lab();
        for (int[] d : new int[][] {{1, 1, 1}, {13, 207, 207}, {207, 13, 12}, {13, 1021, 1000}, {64, 4098, 4097}}) {
            int N = d[0], V = d[1], classes = d[2];
            double[] targets = new double[N];
            Arrays.setAll(targets, n -> n % 5 == 3 ? -1 : (n * 31) % classes);
            Operand ids = lab.given(I32, targets, N);
            Operand logits = lab.input(compute, 4.0, N, V), untouched = lab.input(compute, 4.0, N, V);
            Operand loss = lab.output(residual(compute), N), lossOnly = lab.output(residual(compute), N);
            lab.run((k, at) -> {
                k.softmaxCrossEntropy(at.of(loss), at.of(logits), at.of(ids), classes, 1.0 / 64);
                k.softmaxCrossEntropy(at.of(lossOnly), at.of(untouched), at.of(ids), classes, 0);
            });
            lab.assertClose("loss", loss, V, F32);
            lab.assertClose("loss only", lossOnly, V, F32);
            // of 262,272 numbers with a standard deviation of 4 the largest is about 4 * 4.5
            lab.assertExponentials("dLogits", logits, V, F32, 18);
            assertThat(untouched.actual).as("logits without gradient").isEqualTo(untouched.expected);
            for (int n = 0; n < N; n++) {
                for (int v = targets[n] == -1 ? 0 : classes; v < V; v++) {
                    assertThat(logits.actual[n * V + v])
                            .as("dLogits[%d, %d]", n, v)
                            .isZero();
                }
            }
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldKeepTheLossFiniteWhenLogitsAreLarge(DType compute) {
        KernelLab lab = lab();
        Operand logits = lab.given(compute, new double[] {1000, -1000, 0, 3e4, 3e4, 3e4}, 2, 3);
        Operand loss = lab.output(residual(compute), 2);
        Operand targets = lab.given(I32, new double[] {1, 2}, 2);
        lab.run((k, at) -> k.softmaxCrossEntropy(at.of(loss), at.of(logits), at.of(targets), 3, 1));
        lab.assertClose("loss", loss, 3, F32);
        lab.assertClose("dLogits", logits, 3, F32);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldSumSquaresByBlock(DType compute) {
        KernelLab lab = lab();
        for (int blockSize : new int[] {1, 13, 16_384, FLAT, 10 * FLAT}) {
            int size = blockSize == 1 ? 1021 : FLAT;
            Operand x = lab.input(residual(compute), size);
            Operand sums = lab.output(F64, (size + blockSize - 1) / blockSize);
            lab.run((k, at) -> k.sumOfSquares(at.of(sums), at.of(x), blockSize));
            lab.assertClose("sumOfSquares", sums, 1, F32);
            lab.clear();
        }
        Operand x = lab.given(residual(compute), new double[] {1, Double.NaN, 2, Double.POSITIVE_INFINITY, 3, 3e30}, 6);
        Operand sums = lab.output(F64, 3);
        lab.run((k, at) -> k.sumOfSquares(at.of(sums), at.of(x), 2));
        assertThat(sums.actual[0]).isNaN();
        assertThat(Double.isFinite(sums.actual[1])).isFalse();
        assertThat(sums.actual[2]).as("in double").isBetween(8.9e60, 9.1e60);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldSumSquaresOfManyTensorsAsOfEach(DType compute) {
        KernelLab lab = lab();
        Operand x = lab.input(residual(compute), FLAT);
        int blocks = pieces().stream()
                .mapToInt(piece -> (piece.size() + 2_047) / 2_048)
                .sum();
        Operand together = lab.output(F64, blocks), apart = lab.output(F64, blocks);
        lab.run((k, at) -> {
            List<Tensor> xs = pieces().stream().map(piece -> piece.of(at.of(x))).toList();
            k.sumOfSquares(at.of(together), xs, 2_048);
            int block = 0;
            for (Tensor each : xs) {
                int count = (int) (each.size() + 2_047) / 2_048;
                k.sumOfSquares(at.of(apart).slice(block, count), each, 2_048);
                block += count;
            }
        });
        assertThat(together.actual).isEqualTo(apart.actual);
        lab.assertClose("sumOfSquares", together, 1, F32);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldUpdateManyTensorsWithAdamWAsTheWhole(DType compute) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1 - 0.9, 1 - 0.95, 0.5);
        double[] zeros = new double[FLAT];
        Operand w = lab.input(residual, FLAT), g = lab.input(residual, FLAT);
        Operand m = lab.given(residual, zeros, FLAT), v = lab.given(residual, zeros, FLAT);
        Operand whole = lab.given(residual, zeros, FLAT);
        Operand m2 = lab.given(residual, zeros, FLAT), v2 = lab.given(residual, zeros, FLAT);
        Operand copy = compute == BF16 ? lab.given(BF16, zeros, FLAT) : null;
        lab.run((k, at) -> {
            k.copy(at.of(whole), at.of(w));
            k.adamW(step, at.of(whole), at.of(m2), at.of(v2), at.of(g), null);
            List<AdamWTensors> parameters = new ArrayList<>();
            for (Piece piece : pieces()) {
                parameters.add(new AdamWTensors(
                        piece.of(at.of(w)),
                        piece.of(at.of(m)),
                        piece.of(at.of(v)),
                        piece.of(at.of(g)),
                        copy == null || piece.size() % 2 == 0 ? null : piece.of(at.of(copy))));
            }
            k.adamW(step, parameters);
        });
        assertThat(w.actual).isEqualTo(whole.actual);
        assertThat(m.actual).isEqualTo(m2.actual);
        assertThat(v.actual).isEqualTo(v2.actual);
        lab.assertClose("w", w, 1, F32);
        if (copy != null) {
            lab.assertClose("copy", copy, 1, F32);
        }
        lab.clear();
    }

    /** A part of a flat tensor. */
    private record Piece(int from, int size) {
        Tensor of(Tensor flat) {
            return flat.slice(from, size);
        }
    }

    /** {@link #FLAT} elements as more tensors than a launch of a GPU can name, of sizes from none to several blocks, few of which begin at a multiple of 16 bytes. */
    private static List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < 200; i++) {
            int size = Math.min(FLAT - from, i % 50 == 7 ? 2_500 : i * 7 % 31);
            pieces.add(new Piece(from, size));
            from += size;
        }
        pieces.add(new Piece(from, FLAT - from));
        return pieces;
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldUpdateWithAdamW(DType compute) {
        KernelLab lab = lab();
        DType residual = residual(compute);
        AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1 - 0.9, 1 - 0.95, 0.5);
        double[] squares = new double[FLAT];
        Arrays.setAll(squares, i -> (i % 97) * 1e-3);
        Operand w = lab.input(residual, FLAT), m = lab.input(residual, 0.1, FLAT), g = lab.input(residual, FLAT);
        Operand v = lab.given(residual, squares, FLAT);
        Operand copy = compute == BF16 ? lab.output(BF16, FLAT) : null;
        Operand cast = compute == BF16 ? lab.output(BF16, FLAT) : null;
        lab.run((k, at) -> {
            k.adamW(step, at.of(w), at.of(m), at.of(v), at.of(g), copy == null ? null : at.of(copy));
            if (cast != null) {
                k.copy(at.of(cast), at.of(w));
            }
        });
        if (copy != null && cast != null) {
            assertThat(copy.actual).as("w rounded as copy rounds it").isEqualTo(cast.actual);
        }
        lab.assertClose("w", w, 1, F32);
        lab.assertClose("m", m, 1, F32);
        lab.assertClose("v", v, 1, F32);
        lab.clear();
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldRefuseArgumentsThatDoNotFit(DType compute) {
        Engine engine = lab().subject();
        Kernels k = engine.kernels();
        DType residual = residual(compute);
        DType wrong = compute == F64 ? F32 : F64;
        try (Arena arena = engine.allocate("test", 8 * 1024)) {
            Tensor x23 = new Tensor(arena, 0, compute, 2, 3), w43 = new Tensor(arena, 0, compute, 4, 3);
            Tensor out24 = new Tensor(arena, 0, compute, 2, 4), vector = new Tensor(arena, 0, residual, 3);
            Tensor stream = new Tensor(arena, 0, residual, 2, 3), ids = new Tensor(arena, 0, I32, 2);
            AttentionShape shape = new AttentionShape(1, 2, 1, 1, 2);
            List<Runnable> calls = new ArrayList<>();
            calls.add(() -> k.copy(vector, x23));
            calls.add(() -> k.add(vector, new Tensor(arena, 0, wrong, 3)));
            calls.add(() -> k.embedding(stream, ids, new Tensor(arena, 0, residual, 5, 4), null, 1, 0));
            calls.add(() -> k.linear(out24, x23, w43, WeightLayout.IN_OUT, null, null));
            calls.add(() -> k.linear(out24, x23, w43, WeightLayout.OUT_IN, vector, null));
            calls.add(() -> k.linear(new Tensor(arena, 0, compute, 2, 68), x23, w43, WeightLayout.OUT_IN, null, null));
            calls.add(() -> k.linear(out24, x23, new Tensor(arena, 0, wrong, 4, 3), WeightLayout.OUT_IN, null, null));
            calls.add(() -> k.linearBackwardInput(x23, out24, w43, WeightLayout.IN_OUT));
            calls.add(() -> k.layerNorm(x23, ids, ids, stream, vector, null, 1e-5));
            calls.add(() -> k.rmsNorm(x23, vector, stream, vector, 1e-5));
            calls.add(() -> k.gelu(x23, out24));
            calls.add(() -> k.sumRows(vector, out24, false));
            calls.add(() -> k.geluBackward(x23, null, out24, x23, false));
            calls.add(() -> k.swiglu(x23, out24));
            calls.add(() -> k.rope(x23, shape, 0, 1e4, false));
            calls.add(() -> k.attention(x23, vector, out24, null, shape));
            Tensor out22 = new Tensor(arena, 0, compute, 2, 2), qkv = new Tensor(arena, 0, compute, 2, 6);
            Tensor sums = new Tensor(arena, 0, residual, 1, 1, 2), three = new Tensor(arena, 0, I32, 3);
            calls.add(() -> k.attention(out22, sums, qkv, three, shape));
            calls.add(() -> k.softmaxCrossEntropy(vector, x23, ids, 3, 1));
            Tensor two = new Tensor(arena, 0, F64, 2);
            calls.add(() -> k.sumOfSquares(two, vector, 3));
            calls.add(() -> k.sumOfSquares(two, List.of(vector), 3));
            calls.add(() -> k.sumOfSquares(two, List.of(vector, new Tensor(arena, 0, wrong, 3)), 3));
            for (int i = 0; i < calls.size(); i++) {
                assertThatThrownBy(calls.get(i)::run)
                        .as("call %d", i)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageMatching("(?s).*\\[.*expected.*|.*does not fit.*");
            }
        }
    }
}
