package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Causal attention by stacks of matrix products, over some sequences at a time so that their scores fit. Legend: B sequences of T rows that see S columns,
 * K key/value heads of D channels, each read by G query heads: one product per g in G covers all B and K.
 */
final class Attention {
    /** Elements of the scores of one turn: 64 MiB. */
    private static final long MOST_SCORES = 1 << 24;

    private final Scratch scratch;
    private final CausalMasks masks;
    private final RowSums rowSums;

    Attention(Scratch scratch, CausalMasks masks) {
        this.scratch = scratch;
        this.masks = masks;
        rowSums = new RowSums(scratch);
    }

    void forward(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape s) {
        long most = sequencesPerTurn(s, s.time());
        for (long b = 0; b < s.batch(); b += most) {
            AttentionShape turn = part(s, Math.min(most, s.batch() - b));
            Packed rows = new Packed(Run.of(qkv).from(b * s.time() * s.qkvChannels()), turn);
            Run outRows = Run.of(out).from(b * s.time() * s.channels());
            Run sums = Run.of(logSumExp).from(b * s.heads() * s.time());
            Run scores = scratch.take((long) turn.batch() * s.heads() * s.time() * s.time());
            for (int g = 0; g < rows.G(); g++) {
                Ops.product(rows.scores(scores, g, s.time()), rows.queries(g), rows.keysTransposed(), scale(s), 0);
            }
            hide(scores, mask(firstKeys, b, turn), turn, s.time());
            softmax(scores, turn, s.time(), sums);
            for (int g = 0; g < rows.G(); g++) {
                Ops.product(rows.out(outRows, g), rows.scores(scores, g, s.time()), rows.values(), 1, 0);
            }
            scratch.reset();
        }
    }

    /** What is added to the scores {@code [B, H, T * T]} of a turn that begins with sequence b: plainly causal, or {@code [B, 1, T * T]} by first keys. */
    private INDArray mask(@Nullable Tensor firstKeys, long b, AttentionShape s) {
        int T = s.time();
        if (firstKeys == null) {
            return masks.of(T, T, AttentionShape.NO_WINDOW);
        }
        long rows = (long) s.batch() * T;
        Run mask = scratch.take(rows * T);
        int[] first = Transfer.ids(firstKeys.slice(b * T, rows));
        Transfer.write(mask.dense(rows * T), CausalMasks.values(first, T));
        return mask.dense(s.batch(), 1, (long) T * T);
    }

    private static void hide(Run scores, INDArray mask, AttentionShape s, int S) {
        INDArray all = scores.dense(s.batch(), s.heads(), (long) s.time() * S);
        Ops.add(all, all, mask);
    }

    /** Turns masked scores {@code [B, H, T, S]} into probabilities in place; {@code logSumExp[B, H, T]} is the log of what they were divided by. */
    private void softmax(Run scores, AttentionShape s, int S, @Nullable Run logSumExp) {
        long rows = (long) s.batch() * s.heads() * s.time();
        INDArray p = scores.dense(rows, S);
        Run max = scratch.take(rows), sum = scratch.take(rows);
        Ops.maxRows(max.dense(rows), p);
        Ops.subtract(p, p, max.dense(rows, 1));
        Ops.exp(p, p);
        rowSums.of(sum.dense(rows), scores, rows, S);
        Ops.divide(p, p, sum.dense(rows, 1));
        if (logSumExp != null) {
            Ops.log(sum.dense(rows), sum.dense(rows));
            Ops.add(logSumExp.dense(rows), sum.dense(rows), max.dense(rows));
        }
    }

    void backward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape s) {
        long most = sequencesPerTurn(s, s.time());
        for (long b = 0; b < s.batch(); b += most) {
            AttentionShape turn = part(s, Math.min(most, s.batch() - b));
            long qkvRow = b * s.time() * s.qkvChannels(), outRow = b * s.time() * s.channels();
            backward(
                    new Packed(Run.of(dQkv).from(qkvRow), turn),
                    Run.of(dOut).from(outRow),
                    Run.of(out).from(outRow),
                    Run.of(logSumExp).from(b * s.heads() * s.time()),
                    new Packed(Run.of(qkv).from(qkvRow), turn),
                    mask(firstKeys, b, turn),
                    turn);
            scratch.reset();
        }
    }

    /** With probabilities p: {@code dV = p^T dOut}, {@code dS = p (dOut v^T - delta)}, {@code dQ = dS k}, {@code dK = dS^T q}. */
    private void backward(
            Packed dRows, Run dOut, Run out, Run logSumExp, Packed rows, INDArray mask, AttentionShape s) {
        int T = s.time();
        long lines = (long) s.batch() * s.heads() * T;
        Run p = scratch.take(lines * T), dS = scratch.take(lines * T);
        for (int g = 0; g < rows.G(); g++) {
            Ops.product(rows.scores(p, g, T), rows.queries(g), rows.keysTransposed(), scale(s), 0);
            Ops.product(rows.scores(dS, g, T), rows.out(dOut, g), rows.valuesTransposed(), 1, 0);
        }
        hide(p, mask, s, T);
        INDArray probabilities = p.dense(lines, T), gradients = dS.dense(lines, T);
        Ops.subtract(probabilities, probabilities, logSumExp.dense(lines, 1));
        Ops.exp(probabilities, probabilities);
        Ops.subtract(gradients, gradients, delta(dOut, out, s));
        Ops.multiply(gradients, gradients, probabilities);
        for (int g = 0; g < rows.G(); g++) {
            int sum = g == 0 ? 0 : 1;
            Ops.product(dRows.values(), rows.scoresTransposed(p, g, T), rows.out(dOut, g), 1, sum);
            Ops.product(dRows.queries(g), rows.scores(dS, g, T), rows.keys(), scale(s), 0);
            Ops.product(dRows.keys(), rows.scoresTransposed(dS, g, T), rows.queries(g), scale(s), sum);
        }
    }

    /** {@code [B * H * T, 1]}: of every head of every row, the product of output and its gradient. */
    private INDArray delta(Run dOut, Run out, AttentionShape s) {
        long lines = (long) s.batch() * s.time() * s.heads(), D = s.headDim();
        Run products = scratch.take(lines * D);
        Run byRow = scratch.take(lines), byHead = scratch.take(lines);
        Ops.multiply(products.dense(lines, D), dOut.dense(lines, D), out.dense(lines, D));
        rowSums.of(byRow.dense(lines), products, lines, D);
        long[] dims = {s.batch(), s.heads(), s.time()};
        byHead.dense(dims).assign(byRow.strided(0, dims, new long[] {(long) s.time() * s.heads(), 1, s.heads()}));
        return byHead.dense(lines, 1);
    }

    void cached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape s,
            int firstPosition,
            int window) {
        Packed rows = new Packed(Run.of(qkv), s);
        Packed.Cache keys = new Packed.Cache(Run.of(keyCache), keyCache.dim(1), s);
        Packed.Cache values = new Packed.Cache(Run.of(valueCache), valueCache.dim(1), s);
        keys.rows(firstPosition).assign(rows.packedKeys());
        values.rows(firstPosition).assign(rows.packedValues());
        int S = firstPosition + s.time();
        Run scores = scratch.take((long) s.batch() * s.heads() * s.time() * S);
        for (int g = 0; g < rows.G(); g++) {
            Ops.product(rows.scores(scores, g, S), rows.queries(g), keys.headsTransposed(S), scale(s), 0);
        }
        if (s.time() > 1 || window < S) {
            hide(scores, masks.of(s.time(), S, window), s, S);
        }
        softmax(scores, s, S, null);
        for (int g = 0; g < rows.G(); g++) {
            Ops.product(rows.out(Run.of(out), g), rows.scores(scores, g, S), values.heads(S), 1, 0);
        }
    }

    private static long sequencesPerTurn(AttentionShape s, int S) {
        return Math.max(1, MOST_SCORES / ((long) s.heads() * s.time() * S));
    }

    private static AttentionShape part(AttentionShape s, long sequences) {
        return new AttentionShape((int) sequences, s.time(), s.heads(), s.kvHeads(), s.headDim());
    }

    private static double scale(AttentionShape s) {
        return 1 / Math.sqrt(s.headDim());
    }
}
