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

/** Causal attention of new rows over keys and values that lie in qkv itself, or in caches. */
final class AttentionForward extends AttentionTask {
    /** The number of cached keys is rounded up to this, so that few compiled products serve all positions. */
    private static final int CACHED_KEYS = 64;

    /** Where one kind of row lies in its tensor: element of sequence b, head h is {@code first + b batch + h D}. */
    private record Rows(long first, long batch, int row, int count) {
        long address(Tensor tensor, int b, int key, int head, int D) {
            return AttentionTask.address(tensor, first + b * batch + (long) key * row + (long) head * D);
        }
    }

    /** The products of a block of rows with so many keys. */
    private record Products(int keys, GemmSpec scoring, GemmSpec mixing) {}

    private Tensor out;
    private @Nullable Tensor logSumExp;
    private Tensor qkv;
    private Tensor keyTensor;
    private Tensor valueTensor;
    private @Nullable Tensor firstKeys;
    private final Rows keys;
    private final Rows values;
    private final int firstPosition;
    private final int window;
    /** Made when they are first needed; two threads may make the same. */
    private final @Nullable Products[] products = new @Nullable Products[2 * blocks()];

    private AttentionForward(
            Tensor out,
            @Nullable Tensor logSumExp,
            Tensor qkv,
            Tensor keyTensor,
            Tensor valueTensor,
            Rows keys,
            Rows values,
            AttentionShape s,
            int firstPosition,
            int window) {
        super(s, qkv.dtype(), mostKeys(Math.min(keys.count, roundUp(firstPosition + s.time())), window));
        this.out = out;
        this.logSumExp = logSumExp;
        this.qkv = qkv;
        this.keyTensor = keyTensor;
        this.valueTensor = valueTensor;
        this.keys = keys;
        this.values = values;
        this.firstPosition = firstPosition;
        this.window = window;
    }

    /** The most keys that a block of rows takes. */
    private static int mostKeys(int all, int window) {
        return window >= all ? all : Math.min(all, roundUp(window + 3 * BLOCK));
    }

    /** Over the rows of qkv, saving the statistics that the backward pass needs. */
    static AttentionForward training(
            Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape s) {
        int row = s.qkvChannels();
        long batch = (long) s.time() * row;
        long key = (long) s.heads() * s.headDim();
        Rows keys = new Rows(key, batch, row, s.time());
        Rows values = new Rows(key + (long) s.kvHeads() * s.headDim(), batch, row, s.time());
        return new AttentionForward(out, logSumExp, qkv, qkv, qkv, keys, values, s, 0, AttentionShape.NO_WINDOW)
                .with(out, logSumExp, qkv, firstKeys);
    }

    /** The same as {@link #training} made, for other tensors of the same shape and dtype. */
    AttentionForward with(Tensor newOut, Tensor newLogSumExp, Tensor newQkv, @Nullable Tensor newFirstKeys) {
        out = newOut;
        logSumExp = newLogSumExp;
        qkv = newQkv;
        keyTensor = newQkv;
        valueTensor = newQkv;
        firstKeys = newFirstKeys;
        return this;
    }

    /** Over caches that hold the keys and values of qkv already. */
    static AttentionForward cached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape s,
            int firstPosition,
            int window) {
        int capacity = Math.toIntExact(keyCache.dim(1));
        int row = s.kvHeads() * s.headDim();
        Rows keys = new Rows(0, (long) capacity * row, row, capacity);
        Rows values = new Rows(0, (long) capacity * row, row, capacity);
        return new AttentionForward(out, null, qkv, keyCache, valueCache, keys, values, s, firstPosition, window);
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
        long probabilities = dtype == DType.BF16 ? scoreBytes() : 0;
        for (int g = 0; g < G; g++) {
            int head = head(kvHead, g);
            for (int block = 0; block < blocks(); block++) {
                int t = block * BLOCK;
                int begin = blockBegin(firstKeyOf(b, t));
                Products p = products(block, begin);
                lane.multiply(
                        p.scoring,
                        address(qkv, queryIndex(b, t, head)),
                        keys.address(keyTensor, b, begin, kvHead, D),
                        memory.address(0));
                softmax(memory.view(0), b, head, block, begin, p.keys);
                lane.multiply(
                        p.mixing,
                        memory.address(probabilities),
                        values.address(valueTensor, b, begin, kvHead, D),
                        address(out, resultIndex(b, t, head)));
            }
        }
    }

    /** The first key that a row of this call sees. */
    private int firstKeyOf(int b, int t) {
        return logSumExp == null ? AttentionShape.firstKey(firstPosition + t, window) : firstKey(firstKeys, b, t);
    }

    private Products products(int block, int begin) {
        int index = logSumExp == null ? block : productOf(block, begin);
        Products known = products[index];
        if (known == null) {
            int rows = rows(block);
            int seen = firstPosition + block * BLOCK + rows;
            int n = Math.min(keys.count, logSumExp == null ? roundUp(seen) : seen) - begin;
            Strides stored = new Strides(D, keys.row, 1);
            known = new Products(
                    n,
                    product(rows, n, D, query, stored.transposed(), scores, DType.F32, Addend.NONE),
                    product(rows, D, n, scores, stored, result, dtype, Addend.NONE));
            products[index] = known;
        }
        return known;
    }

    private void softmax(ByteBuffer memory, int b, int head, int block, int begin, int count) {
        int rows = rows(block);
        for (int i = 0; i < heads; i++) {
            for (int r = 0; r < rows; r++) {
                int t = block * BLOCK + r;
                int at = (int) (i * scores.batch() + (long) r * scoreRow) * Float.BYTES;
                int from = firstKeyOf(b, t) - begin;
                int end = firstPosition + t + 1 - begin;
                float lse = softmaxRow(memory, at, from, end, scale);
                finish(memory, at, from, end, count, (int) scoreBytes() + at / 2);
                if (logSumExp != null) {
                    Scalars.put(logSumExp, statisticIndex(b, head + i * G, t), lse);
                }
            }
        }
    }

    /** Softmax of {@code scale * x} over the scores {@code [from, end)}; returns the log of the sum. */
    private static float softmaxRow(ByteBuffer x, int at, int from, int end, float scale) {
        int hidden = Loops.body(from);
        int whole = Loops.whole(end - hidden);
        int start = at + Float.BYTES * hidden;
        hide(x, at, from, end, Float.NEGATIVE_INFINITY);
        float max = SoftmaxLoops.max(x, start, whole) * scale;
        float sum = SoftmaxLoops.exponentials(x, start, whole, scale, max);
        Loops.scale(x, start, whole, 1 / sum);
        return (float) (max + Math.log(sum));
    }
}
