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

/**
 * What the forward and the backward pass of causal attention share. A task is one sequence and a few key/value heads; it goes through the G
 * query heads that share each of them, and through blocks of query rows. A block's scores against the keys up to its last row are one
 * (batched) product: so of the upper half only the corners on the diagonal are computed, blocks of keys that a mask hides from all rows are not, and scores
 * stay in a core's cache. Legend: {@link AttentionShape}; G = H / K.
 */
abstract class AttentionTask implements Team.Task {
    /** Query rows of a block. */
    static final int BLOCK = 64;

    private static final int SCORE_BYTES = 1 << 18;
    private static final int ENOUGH_TASKS = 8;
    private static final int ROW_MULTIPLE = 16;

    final AttentionShape s;
    final DType dtype;
    final int T;
    final int D;
    final int G;
    /** Key/value heads of a task. */
    final int heads;
    /** Elements from one row of scores to the next. */
    final int scoreRow;

    final float scale;
    final Strides scores;
    final Strides query;
    final Strides result;

    private final int groups;

    AttentionTask(AttentionShape s, DType dtype, int keys) {
        this.s = s;
        this.dtype = dtype;
        T = s.time();
        D = s.headDim();
        G = s.heads() / s.kvHeads();
        scoreRow = scoreRow(keys);
        heads = headsPerTask(s, scoreRow);
        groups = s.kvHeads() / heads;
        scale = (float) (1 / Math.sqrt(D));
        scores = new Strides((long) blockRows() * scoreRow, scoreRow, 1);
        query = new Strides((long) G * D, s.qkvChannels(), 1);
        result = new Strides((long) G * D, s.channels(), 1);
    }

    static int scoreRow(int keys) {
        return (keys + ROW_MULTIPLE - 1) & -ROW_MULTIPLE;
    }

    /** As many heads as keep the scores in the cache and leave enough tasks to share out; a divisor of K. */
    static int headsPerTask(AttentionShape s, int scoreRow) {
        long bytesPerHead = (long) Math.min(BLOCK, s.time()) * scoreRow * Float.BYTES;
        for (int heads = s.kvHeads(); heads > 1; heads--) {
            if (s.kvHeads() % heads == 0
                    && heads * bytesPerHead <= SCORE_BYTES
                    && (long) s.batch() * s.kvHeads() / heads >= ENOUGH_TASKS) {
                return heads;
            }
        }
        return 1;
    }

    /** Whether this was made for calls of that shape and dtype. */
    final boolean suits(AttentionShape shape, DType type) {
        return dtype == type && s.equals(shape);
    }

    final int tasks() {
        return s.batch() * groups;
    }

    final int blocks() {
        return Team.pieces(T, BLOCK);
    }

    /** Rows of the largest block. */
    final int blockRows() {
        return Math.min(BLOCK, T);
    }

    /** The first key that a row sees; {@code firstKeys} is {@code [B*T]}. */
    final int firstKey(@Nullable Tensor firstKeys, int b, int t) {
        return firstKeys == null ? 0 : Scalars.id(firstKeys, (long) b * T + t, 0, T);
    }

    /** The first key that a block takes: what its first row sees, down to the next block, so that few products serve all masks. */
    static int blockBegin(int firstKey) {
        return firstKey & -BLOCK;
    }

    /** Index of the products of a block that begins at some key, among {@code 2 * blocks()}: they depend on the numbers of rows and keys alone. */
    final int productOf(int block, int begin) {
        int keyBlocks = block - begin / BLOCK;
        return rows(block) < BLOCK ? blocks() + keyBlocks : keyBlocks;
    }

    /** Rows of a block. */
    final int rows(int block) {
        return Math.min(BLOCK, T - block * BLOCK);
    }

    /** Bytes of one block of f32 scores. */
    final long scoreBytes() {
        return heads * scores.batch() * Float.BYTES;
    }

    @Override
    public final void run(int task, Lane lane) {
        int b = task / groups;
        run(b, task % groups * heads, lane);
    }

    abstract void run(int b, int kvHead, Lane lane);

    /** The first query head of a task's g-th set. */
    final int head(int kvHead, int g) {
        return kvHead * G + g;
    }

    /** Index of a query row's first element in qkv. */
    final long queryIndex(int b, int t, int head) {
        return ((long) b * T + t) * s.qkvChannels() + (long) head * D;
    }

    /** Index of a result row's first element in out. */
    final long resultIndex(int b, int t, int head) {
        return ((long) b * T + t) * s.channels() + (long) head * D;
    }

    final long statisticIndex(int b, int head, int t) {
        return ((long) b * s.heads() + head) * T + t;
    }

    final GemmSpec product(int m, int n, int k, Strides a, Strides b, Strides c, DType out, Addend addend) {
        return new GemmSpec(heads, m, n, k, a, b, c, dtype, out, false, addend);
    }

    static long address(Tensor tensor, long index) {
        return CpuArena.memory(tensor)
                .address(tensor.offset() + index * tensor.dtype().bytes());
    }

    /** Puts a value where vectors that hold the keys {@code [from, end)} of a row reach beyond these. */
    static void hide(ByteBuffer x, int at, int from, int end, float value) {
        int hidden = Loops.body(from);
        put(x, at, hidden, from, value);
        put(x, at, end, hidden + Loops.whole(end - hidden), value);
    }

    /**
     * Finishes a row of {@code count} f32 values, of which the vectors that hold the keys {@code [from, end)} count: the others become zero. Products take it in the task's dtype; as bf16 it goes
     * to {@code narrowed}.
     */
    final void finish(ByteBuffer x, int at, int from, int end, int count, int narrowed) {
        int hidden = Loops.body(from);
        int whole = Loops.whole(end - hidden);
        boolean narrow = dtype == DType.BF16;
        int row = narrow ? narrowed : at;
        int bytes = dtype.bytes();
        if (narrow) {
            BFloat16Loops.narrow(x, row + bytes * hidden, x, at + Float.BYTES * hidden, whole);
        }
        clear(x, row, bytes * hidden);
        int done = hidden + whole;
        clear(x, row + bytes * done, bytes * (scoreRow(count) - done));
    }

    private static void clear(ByteBuffer x, int at, int bytes) {
        if (bytes > 0) {
            Loops.fill(x, at, bytes / Float.BYTES, 0);
        }
    }

    private static void put(ByteBuffer x, int at, int from, int end, float value) {
        for (int i = from; i < end; i++) {
            x.putFloat(at + Float.BYTES * i, value);
        }
    }
}
