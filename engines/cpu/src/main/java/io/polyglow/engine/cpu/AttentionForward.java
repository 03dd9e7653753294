package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.simd.BFloat16Loops;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Causal attention of new rows over keys and values that lie in qkv itself, or in caches. */
final class AttentionForward extends AttentionTask {
    /** The number of cached keys is rounded up to this, so that few compiled products serve all positions. */
    private static final int CACHED_KEYS = 64;

    /** Where one kind of row lies in its tensor: element of sequence b, head h is {@code first + b batch + h D}. */
    private record Rows(long first, long batch, int row, int count) {
        long address(Tensor tensor, int b, int head, int D) {
            return AttentionTask.address(tensor, first + b * batch + (long) head * D);
        }
    }

    private Tensor out;
    private @Nullable Tensor logSumExp;
    private Tensor qkv;
    private Tensor keyTensor;
    private Tensor valueTensor;
    private final Rows keys;
    private final Rows values;
    private final int firstPosition;
    private final int[] keyCounts = new int[blocks()];
    private final GemmSpec[] scoring = new GemmSpec[blocks()];
    private final GemmSpec[] mixing = new GemmSpec[blocks()];

    private AttentionForward(
            Tensor out,
            @Nullable Tensor logSumExp,
            Tensor qkv,
            Tensor keyTensor,
            Tensor valueTensor,
            Rows keys,
            Rows values,
            AttentionShape s,
            int firstPosition) {
        super(s, qkv.dtype(), Math.min(keys.count, roundUp(firstPosition + s.time())));
        this.out = out;
        this.logSumExp = logSumExp;
        this.qkv = qkv;
        this.keyTensor = keyTensor;
        this.valueTensor = valueTensor;
        this.keys = keys;
        this.values = values;
        this.firstPosition = firstPosition;
        Strides rows = new Strides(D, keys.row, 1);
        for (int block = 0; block < blocks(); block++) {
            int seen = firstPosition + block * BLOCK + rows(block);
            int count = Math.min(keys.count, logSumExp == null ? roundUp(seen) : seen);
            keyCounts[block] = count;
            scoring[block] = product(rows(block), count, D, query, rows.transposed(), scores, DType.F32, Addend.NONE);
            mixing[block] = product(rows(block), D, count, scores, rows, result, dtype, Addend.NONE);
        }
    }

    /** Over the rows of qkv, saving the statistics that the backward pass needs. */
    static AttentionForward training(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape s) {
        int row = s.qkvChannels();
        long batch = (long) s.time() * row;
        long key = (long) s.heads() * s.headDim();
        Rows keys = new Rows(key, batch, row, s.time());
        Rows values = new Rows(key + (long) s.kvHeads() * s.headDim(), batch, row, s.time());
        return new AttentionForward(out, logSumExp, qkv, qkv, qkv, keys, values, s, 0);
    }

    /** The same as {@link #training} made, for other tensors of the same shape and dtype. */
    AttentionForward with(Tensor newOut, Tensor newLogSumExp, Tensor newQkv) {
        out = newOut;
        logSumExp = newLogSumExp;
        qkv = newQkv;
        keyTensor = newQkv;
        valueTensor = newQkv;
        return this;
    }

    /** Over caches that hold the keys and values of qkv already. */
    static AttentionForward cached(
            Tensor out, Tensor keyCache, Tensor valueCache, Tensor qkv, AttentionShape s, int firstPosition) {
        int capacity = Math.toIntExact(keyCache.dim(1));
        int row = s.kvHeads() * s.headDim();
        Rows keys = new Rows(0, (long) capacity * row, row, capacity);
        Rows values = new Rows(0, (long) capacity * row, row, capacity);
        return new AttentionForward(out, null, qkv, keyCache, valueCache, keys, values, s, firstPosition);
    }

    /** Copies the keys and values of the new rows into the caches. */
    void append(Tensor keyCache, Tensor valueCache) {
        int width = s.kvHeads() * D;
        for (int b = 0; b < s.batch(); b++) {
            for (int t = 0; t < T; t++) {
                long from = queryIndex(b, t, s.heads());
                long to = b * keys.batch + (long) (firstPosition + t) * width;
                Elements.bytes(keyCache, to, qkv, from, width);
                Elements.bytes(valueCache, to, qkv, from + width, width);
            }
        }
    }

    private static int roundUp(int count) {
        return (count + CACHED_KEYS - 1) & -CACHED_KEYS;
    }

    @Override
    void run(int b, int kvHead, Lane lane) {
        Memory memory = lane.scratch(2 * scoreBytes());
        boolean narrow = dtype == DType.BF16;
        long probabilities = narrow ? scoreBytes() : 0;
        for (int g = 0; g < G; g++) {
            int head = head(kvHead, g);
            for (int block = 0; block < blocks(); block++) {
                int t = block * BLOCK;
                lane.multiply(
                        scoring[block],
                        address(qkv, queryIndex(b, t, head)),
                        keys.address(keyTensor, b, kvHead, D),
                        memory.address(0));
                softmax(memory.view(0), b, head, block);
                if (narrow) {
                    BFloat16Loops.narrow(
                            memory.view(0), (int) probabilities, memory.view(0), 0, (int) (heads * scores.batch()));
                }
                lane.multiply(
                        mixing[block],
                        memory.address(probabilities),
                        values.address(valueTensor, b, kvHead, D),
                        address(out, resultIndex(b, t, head)));
            }
        }
    }

    private void softmax(ByteBuffer memory, int b, int head, int block) {
        int rows = rows(block);
        int count = keyCounts[block];
        for (int i = 0; i < heads; i++) {
            for (int r = 0; r < rows; r++) {
                int t = block * BLOCK + r;
                int at = (int) (i * scores.batch() + (long) r * scoreRow) * Float.BYTES;
                float lse = softmaxRow(memory, at, firstPosition + t + 1, count, scale);
                if (logSumExp != null) {
                    Scalars.put(logSumExp, statisticIndex(b, head + i * G, t), lse);
                }
            }
        }
    }

    /** Softmax of {@code scale * x} over the first {@code seen} of {@code count} scores, the others become 0; returns the log of the sum. */
    private static float softmaxRow(ByteBuffer x, int at, int seen, int count, float scale) {
        int whole = Loops.whole(seen);
        for (int i = seen; i < whole; i++) {
            x.putFloat(at + 4 * i, Float.NEGATIVE_INFINITY);
        }
        float max = Loops.max(x, at, whole) * scale;
        Loops.exp(x, at, x, at, whole, scale, -max, 1);
        float sum = Loops.sum(x, at, whole);
        Loops.scale(x, at, whole, 1 / sum);
        if (seen < count) {
            Loops.fill(x, at + 4 * seen, count - seen, 0);
        }
        return (float) (max + Math.log(sum));
    }
}
