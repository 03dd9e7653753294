package io.polyglow.trainer.kernels;

import static io.polyglow.trainer.tensor.DType.F32;
import static io.polyglow.trainer.tensor.DType.I32;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.KernelLab.Operand;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The part of {@link KernelsContractTest} about attention and the turning of its heads. */
abstract class AttentionKernelsContractTest extends LinearKernelsContractTest {
    private static final AttentionShape[] ATTENTION = {
        new AttentionShape(1, 1, 1, 1, 2),
        new AttentionShape(2, 13, 4, 2, 16),
        new AttentionShape(3, 64, 3, 3, 64),
        new AttentionShape(1, 207, 6, 2, 32),
        new AttentionShape(2, 130, 2, 1, 8),
        new AttentionShape(1, 17, 5, 1, 26),
        new AttentionShape(1, 200, 2, 1, 64),
        new AttentionShape(1, 139, 1, 1, 128),
    };
    /** Of these every mask is tried. */
    private static final AttentionShape[] MASKED = {
        new AttentionShape(2, 13, 4, 2, 16),
        new AttentionShape(2, 130, 2, 1, 8),
        new AttentionShape(1, 200, 2, 1, 64),
        new AttentionShape(1, 139, 1, 1, 128),
    };

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldTurnPairsByPositionAndBack(DType compute) {
        KernelLab lab = lab();
        for (AttentionShape shape : ATTENTION) {
            int N = shape.batch() * shape.time();
            Operand turned = lab.input(compute, N, shape.qkvChannels());
            Operand back = lab.given(compute, Values.read(lab.subject(), turned.tensors.get(1)), turned.dims);
            Operand original = lab.input(compute, N, shape.qkvChannels());
            lab.run((k, at) -> {
                k.rope(at.of(turned), shape, 5, 10_000, false);
                k.copy(at.of(back), at.of(original));
                k.rope(at.of(back), shape, 900, 10_000, false);
                k.rope(at.of(back), shape, 900, 10_000, true);
            });
            lab.assertClose("rope", turned, 1, F32);
            Values.assertClose("rope and back", back.actual, original.actual, compute, 1, compute);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldAttendCausally(DType compute) {
        KernelLab lab = lab();
        for (AttentionShape shape : ATTENTION) {
            int B = shape.batch(), T = shape.time(), H = shape.heads();
            Operand qkv = lab.input(compute, B * T, shape.qkvChannels());
            Operand out = lab.output(compute, B * T, shape.channels());
            Operand logSumExp = lab.output(residual(compute), B, H, T);
            lab.run((k, at) -> k.attention(at.of(out), at.of(logSumExp), at.of(qkv), null, shape));
            lab.assertClose(shape + " out", out, shape.headDim() * T, compute);
            lab.assertClose(shape + " logSumExp", logSumExp, shape.headDim() * T, compute);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldComputeAttentionGradients(DType compute) {
        KernelLab lab = lab();
        for (AttentionShape shape : ATTENTION) {
            int B = shape.batch(), T = shape.time(), H = shape.heads();
            Operand qkv = lab.input(compute, B * T, shape.qkvChannels());
            Operand dOut = lab.input(compute, B * T, shape.channels());
            Operand out = lab.output(compute, B * T, shape.channels());
            Operand logSumExp = lab.output(residual(compute), B, H, T);
            Operand dQkv = lab.output(compute, B * T, shape.qkvChannels());
            lab.run((k, at) -> {
                k.attention(at.of(out), at.of(logSumExp), at.of(qkv), null, shape);
                k.attentionBackward(at.of(dQkv), at.of(dOut), at.of(out), at.of(logSumExp), at.of(qkv), null, shape);
            });
            lab.assertClose(shape + " dQkv", dQkv, shape.headDim() * T, compute);
            lab.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldSeeNoKeysBeforeTheFirst(DType compute) {
        KernelLab lab = lab();
        for (AttentionShape shape : MASKED) {
            for (Masks masks : Masks.values()) {
                int B = shape.batch(), T = shape.time(), H = shape.heads();
                Operand seen = lab.given(I32, masks.firstKeys(shape), B * T);
                Operand qkv = lab.input(compute, B * T, shape.qkvChannels());
                Operand dOut = lab.input(compute, B * T, shape.channels());
                Operand out = lab.output(compute, B * T, shape.channels());
                Operand logSumExp = lab.output(residual(compute), B, H, T);
                Operand dQkv = lab.output(compute, B * T, shape.qkvChannels());
                lab.run((k, at) -> {
                    k.attention(at.of(out), at.of(logSumExp), at.of(qkv), at.of(seen), shape);
                    k.attentionBackward(
                            at.of(dQkv), at.of(dOut), at.of(out), at.of(logSumExp), at.of(qkv), at.of(seen), shape);
                });
                String what = shape + " " + masks;
                lab.assertClose(what + " out", out, shape.headDim() * T, compute);
                lab.assertClose(what + " logSumExp", logSumExp, shape.headDim() * T, compute);
                lab.assertClose(what + " dQkv", dQkv, shape.headDim() * T, compute);
                lab.clear();
            }
        }
    }

    /** Ways to hide keys: a function of the shape, so that failures repeat. */
    private enum Masks {
        /** Documents of random lengths, one row among them. */
        DOCUMENTS {
            @Override
            int first(RandomStream random, int t, int before) {
                return t > 0 && random.nextInt(17) == 0 ? t : before;
            }
        },
        /** Documents that begin at, before and behind multiples of the engines' block sizes. */
        EDGES {
            @Override
            int first(RandomStream random, int t, int before) {
                return t == 15 || t == 64 || t == 65 || t == 127 || t == 128 || t == 192 ? t : before;
            }
        },
        /** A third of the sequence. */
        WINDOW {
            @Override
            int first(RandomStream random, int t, int before) {
                return before;
            }
        };

        abstract int first(RandomStream random, int t, int before);

        double[] firstKeys(AttentionShape shape) {
            RandomStream random = RandomStream.of(11, name(), 0);
            double[] firstKeys = new double[shape.batch() * shape.time()];
            int window = this == WINDOW ? 1 + shape.time() / 3 : AttentionShape.NO_WINDOW;
            int document = 0;
            for (int n = 0; n < firstKeys.length; n++) {
                int t = n % shape.time();
                document = first(random, t, t == 0 ? 0 : document);
                firstKeys[n] = Math.max(document, AttentionShape.firstKey(t, window));
            }
            return firstKeys;
        }
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldEqualFullAttentionWhenFedThroughTheCache(DType compute) {
        compareWithTheCache(compute, false);
    }

    @ParameterizedTest
    @MethodSource("computeTypes")
    void shouldEqualWindowedAttentionWhenFedThroughTheCache(DType compute) {
        compareWithTheCache(compute, true);
    }

    private void compareWithTheCache(DType compute, boolean windows) {
        KernelLab lab = lab();
        for (AttentionShape shape : windows ? MASKED : ATTENTION) {
            int B = shape.batch(), T = shape.time(), prefill = (T + 1) / 2, P = T + 3;
            int window = windows ? 1 + T / 3 : AttentionShape.NO_WINDOW;
            Operand seen = lab.given(I32, Masks.WINDOW.firstKeys(shape), B * T);
            Operand qkv = lab.input(compute, B * T, shape.qkvChannels());
            Operand full = lab.output(compute, B * T, shape.channels());
            Operand logSumExp = lab.output(residual(compute), B, shape.heads(), T);
            Operand keys = lab.input(compute, B, P, shape.kvHeads() * shape.headDim());
            Operand values = lab.input(compute, B, P, shape.kvHeads() * shape.headDim());
            Operand rows = lab.output(compute, T, B, shape.qkvChannels());
            Operand cached = lab.output(compute, T, B, shape.channels());
            Operand first = lab.output(compute, B * prefill, shape.channels());
            Operand firstRows = lab.output(compute, B * prefill, shape.qkvChannels());
            lab.run((k, at) -> {
                k.attention(at.of(full), at.of(logSumExp), at.of(qkv), windows ? at.of(seen) : null, shape);
                gather(k, at.of(rows), at.of(firstRows), at.of(qkv), B, T, prefill);
                AttentionShape head = withTime(shape, prefill);
                k.attentionCached(at.of(first), at.of(keys), at.of(values), at.of(firstRows), head, 0, window);
                for (int t = prefill; t < T; t++) {
                    Tensor row = at.of(rows).rows(t, 1).reshape(B, shape.qkvChannels());
                    Tensor out = at.of(cached).rows(t, 1).reshape(B, shape.channels());
                    k.attentionCached(out, at.of(keys), at.of(values), row, withTime(shape, 1), t, window);
                }
            });
            lab.assertClose(shape + " prefill", first, shape.headDim() * shape.time(), compute);
            lab.assertClose(shape + " key cache", keys, 1, F32);
            double[] expected = full.expected.clone(), actual = full.expected.clone();
            int C = shape.channels();
            for (int b = 0; b < B; b++) {
                System.arraycopy(first.actual, b * prefill * C, actual, b * T * C, prefill * C);
                for (int t = prefill; t < T; t++) {
                    System.arraycopy(cached.actual, (t * B + b) * C, actual, (b * T + t) * C, C);
                }
            }
            Values.assertClose(shape + " cached", actual, expected, compute, shape.headDim() * shape.time(), compute);
            lab.clear();
        }
    }

    private static AttentionShape withTime(AttentionShape s, int time) {
        return new AttentionShape(s.batch(), time, s.heads(), s.kvHeads(), s.headDim());
    }

    /** {@code [B, T, R]} to {@code [T, B, R]}, and to the first {@code prefill} rows of each sequence. */
    private static void gather(Kernels k, Tensor byTime, Tensor first, Tensor qkv, int B, int T, int prefill) {
        for (int b = 0; b < B; b++) {
            k.copy(first.rows((long) b * prefill, prefill), qkv.rows((long) b * T, prefill));
            for (int t = 0; t < T; t++) {
                k.copy(byTime.rows(t, 1).reshape(B, qkv.dim(1)).rows(b, 1), qkv.rows((long) b * T + t, 1));
            }
        }
    }
}
