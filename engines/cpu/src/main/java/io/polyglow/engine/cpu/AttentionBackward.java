package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.engine.cpu.simd.SoftmaxLoops;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Gradient of causal attention. With P the probabilities, recomputed from the saved log of their sums: {@code dV += P^T dO}, {@code dP = dO V^T},
 * {@code dS = P (dP - sum(P dP)) / sqrt(D)}, {@code dQ = dS K}, {@code dK += dS^T Q}. Where several blocks or query heads add to the same keys, they
 * do so in order, in f32.
 */
final class AttentionBackward extends AttentionTask {
    private Tensor dQkv;
    private Tensor dOut;
    private Tensor logSumExp;
    private Tensor qkv;
    private @Nullable Tensor firstKeys;
    /** Whether each key gets its gradient from one product, which then writes it to its place. */
    private final boolean direct;

    private final long keyOffset;
    private final long valueOffset;
    /** Made when they are first needed; two threads may make the same. */
    private final @Nullable Products[] products = new @Nullable Products[2 * blocks()];

    /** The products of a block of rows with so many keys. */
    private record Products(
            int keys,
            GemmSpec scoring,
            GemmSpec scoringGradient,
            GemmSpec queryGradient,
            GemmSpec keyGradient,
            GemmSpec valueGradient) {}

    AttentionBackward(
            Tensor dQkv, Tensor dOut, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape s) {
        super(s, qkv.dtype(), s.time());
        this.dQkv = dQkv;
        this.dOut = dOut;
        this.logSumExp = logSumExp;
        this.qkv = qkv;
        this.firstKeys = firstKeys;
        direct = G == 1 && blocks() == 1;
        keyOffset = (long) s.heads() * D;
        valueOffset = keyOffset + (long) s.kvHeads() * D;
    }

    private Products products(int block, int begin) {
        int index = productOf(block, begin);
        Products known = products[index];
        if (known == null) {
            int m = rows(block);
            int n = block * BLOCK + m - begin;
            Strides rows = new Strides(D, s.qkvChannels(), 1);
            Strides sums = direct ? rows : new Strides((long) T * D, D, 1);
            DType sumType = direct ? dtype : DType.F32;
            Addend addend = direct ? Addend.NONE : Addend.OUT;
            known = new Products(
                    n,
                    product(m, n, D, query, rows.transposed(), scores, DType.F32, Addend.NONE),
                    product(m, n, D, result, rows.transposed(), scores, DType.F32, Addend.NONE),
                    product(m, D, n, scores, rows, query, dtype, Addend.NONE),
                    product(n, D, m, scores.transposed(), query, sums, sumType, addend),
                    product(n, D, m, scores.transposed(), result, sums, sumType, addend));
            products[index] = known;
        }
        return known;
    }

    /** The same for other tensors of the same shape and dtype. */
    AttentionBackward with(
            Tensor newDQkv, Tensor newDOut, Tensor newLogSumExp, Tensor newQkv, @Nullable Tensor newFirstKeys) {
        dQkv = newDQkv;
        dOut = newDOut;
        logSumExp = newLogSumExp;
        qkv = newQkv;
        firstKeys = newFirstKeys;
        return this;
    }

    /** Bytes of a lane's scratch in a call of this shape: two blocks of scores in f32, their bf16 copies, and the sums of keys' and values' gradients. */
    static long scratchBytes(AttentionShape s) {
        int row = scoreRow(s.time());
        long heads = headsPerTask(s, row);
        long scores = heads * Math.min(BLOCK, s.time()) * row * Float.BYTES;
        long sums = heads * s.time() * s.headDim() * Float.BYTES;
        return 4 * scores + 2 * sums;
    }

    @Override
    void run(int b, int kvHead, Lane lane) {
        long sumBytes = (long) heads * T * D * Float.BYTES;
        Memory memory = lane.scratch(scratchBytes(s));
        long keySums = 4 * scoreBytes();
        long valueSums = keySums + sumBytes;
        if (!direct) {
            Loops.fill(memory.view(keySums), Memory.at(keySums), (int) (2 * sumBytes / Float.BYTES), 0);
        }
        long dKey = direct ? address(dQkv, keyIndex(b, 0, kvHead)) : memory.address(keySums);
        long dValue = direct ? address(dQkv, valueIndex(b, 0, kvHead)) : memory.address(valueSums);
        for (int g = 0; g < G; g++) {
            for (int block = 0; block < blocks(); block++) {
                block(b, kvHead, head(kvHead, g), block, dKey, dValue, memory, lane);
            }
        }
        if (!direct) {
            store(b, kvHead, memory, keySums, keyOffset, lane);
            store(b, kvHead, memory, valueSums, valueOffset, lane);
        }
    }

    private void block(int b, int kvHead, int head, int block, long dKey, long dValue, Memory memory, Lane lane) {
        int t = block * BLOCK;
        int begin = blockBegin(firstKey(firstKeys, b, t));
        Products p = products(block, begin);
        long queries = address(qkv, queryIndex(b, t, head));
        long keys = address(qkv, keyIndex(b, begin, kvHead));
        long values = address(qkv, valueIndex(b, begin, kvHead));
        long dResults = address(dOut, resultIndex(b, t, head));
        lane.multiply(p.scoring, queries, keys, memory.address(0));
        lane.multiply(p.scoringGradient, dResults, values, memory.address(scoreBytes()));
        softmaxGradient(memory.view(0), b, head, block, begin, p.keys);
        boolean narrow = dtype == DType.BF16;
        long probabilities = memory.address(narrow ? 2 * scoreBytes() : 0);
        long dScores = memory.address(narrow ? 3 * scoreBytes() : scoreBytes());
        lane.multiply(p.queryGradient, dScores, keys, address(dQkv, queryIndex(b, t, head)));
        long skipped = direct ? 0 : (long) begin * D * Float.BYTES;
        lane.multiply(p.keyGradient, dScores, queries, dKey + skipped);
        lane.multiply(p.valueGradient, probabilities, dResults, dValue + skipped);
    }

    /** Turns scores into probabilities, and their gradients into those of the scores; both 0 for keys to come. */
    private void softmaxGradient(ByteBuffer memory, int b, int head, int block, int begin, int count) {
        int rows = rows(block);
        int toGradient = (int) scoreBytes();
        for (int i = 0; i < heads; i++) {
            for (int r = 0; r < rows; r++) {
                int t = block * BLOCK + r;
                int at = (int) (i * scores.batch() + (long) r * scoreRow) * Float.BYTES;
                float lse = Scalars.get(logSumExp, statisticIndex(b, head + i * G, t));
                int from = firstKey(firstKeys, b, t) - begin;
                int end = t + 1 - begin;
                int hidden = Loops.body(from);
                int whole = Loops.whole(end - hidden);
                int start = at + Float.BYTES * hidden;
                hide(memory, at, from, end, Float.NEGATIVE_INFINITY);
                hide(memory, at + toGradient, from, end, 0);
                float mean = SoftmaxLoops.weightedSum(memory, start, start + toGradient, whole, scale, lse);
                SoftmaxLoops.gradient(memory, start, start + toGradient, whole, scale, mean);
                finish(memory, at, from, end, count, 2 * toGradient + at / 2);
                finish(memory, at + toGradient, from, end, count, 3 * toGradient + at / 2);
            }
        }
    }

    /** Stores the sums {@code [heads, T, D]} in the columns of dQkv. */
    private void store(int b, int kvHead, Memory memory, long sums, long columns, Lane lane) {
        for (int i = 0; i < heads; i++) {
            for (int t = 0; t < T; t++) {
                long from = sums + ((long) i * T + t) * D * Float.BYTES;
                long index = ((long) b * T + t) * s.qkvChannels() + columns + (long) (kvHead + i) * D;
                lane.window(0).store(dQkv, index, D, memory.view(from), Memory.at(from));
            }
        }
    }

    private long keyIndex(int b, int t, int kvHead) {
        return ((long) b * T + t) * s.qkvChannels() + keyOffset + (long) kvHead * D;
    }

    private long valueIndex(int b, int t, int kvHead) {
        return ((long) b * T + t) * s.qkvChannels() + valueOffset + (long) kvHead * D;
    }
}
