package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Device.Image;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention: on the matrix units where storage and head size allow it ({@link FlashAttention}), else a warp a row. The backward pass goes over
 * the scores twice, once by queries and once by keys, so that no two threads add to one element.
 */
final class Attention implements AutoCloseable {
    private static final int WARP = 32;
    private static final int ROWS_PER_BLOCK = 8;
    private static final int THREADS = 256;
    private static final int MOST_CHANNELS = 256;

    private final Launcher launcher;
    private final Scratch deltas;
    private final Map<Integer, FlashAttention> flash = new HashMap<>();
    private @Nullable RowKernels rowKernels;

    Attention(Launcher launcher) {
        this.launcher = launcher;
        deltas = new Scratch(launcher.device());
    }

    /** Those of a warp a row. */
    private record RowKernels(
            ByType forward, ByType delta, ByType backwardQueries, ByType backwardKeys, ByType append, ByType cached) {
        static RowKernels of(Image image) {
            return new RowKernels(
                    kernels(image, "attention_forward"),
                    kernels(image, "attention_delta"),
                    kernels(image, "attention_backward_q"),
                    kernels(image, "attention_backward_kv"),
                    kernels(image, "cache_append"),
                    kernels(image, "attention_cached"));
        }

        private static ByType kernels(Image image, String name) {
            return new ByType(image.function(name + "_f32", 0), image.function(name + "_bf16", 0));
        }
    }

    /** Compiled with their first use, as they take half the time of all kernels and a model that trains in bf16 may have none. That is outside of a recording: {@link Repeats} records second runs. */
    private RowKernels rowKernels() {
        RowKernels made = rowKernels;
        if (made == null) {
            made = RowKernels.of(launcher.compile("attention", KernelSource.attention(), KernelSource.OPTIONS));
            launcher.reportUnits();
            rowKernels = made;
        }
        return made;
    }

    void forward(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape s) {
        if (isForMatrixUnits(qkv, s)) {
            flash(s).forward(out, logSumExp, qkv, firstKeys, s);
            return;
        }
        launcher.call(rowKernels().forward.of(qkv.dtype()))
                .tensor(out)
                .tensor(logSumExp)
                .tensor(qkv)
                .tensor(firstKeys);
        dims(s).run(rows(s, s.heads()));
    }

    void backward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape s) {
        requireHeadDim(s);
        long rows = (long) s.batch() * s.time() * s.heads();
        long deltaAddress = deltas.atLeast(rows * Float.BYTES);
        if (isForMatrixUnits(qkv, s)) {
            flash(s).backward(dQkv, dOut, out, logSumExp, deltaAddress, qkv, firstKeys, s);
            return;
        }
        launcher.call(rowKernels().delta.of(qkv.dtype()))
                .address(deltaAddress)
                .tensor(dOut)
                .tensor(out)
                .i32(s.batch())
                .i32(s.time())
                .i32(s.heads())
                .i32(s.headDim())
                .run(new Grid(
                        Math.toIntExact((rows + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK), 1, 1, WARP, ROWS_PER_BLOCK));
        launcher.call(rowKernels().backwardQueries.of(qkv.dtype()))
                .tensor(dQkv)
                .tensor(dOut)
                .tensor(logSumExp)
                .address(deltaAddress)
                .tensor(qkv)
                .tensor(firstKeys);
        dims(s).run(rows(s, s.heads()));
        launcher.call(rowKernels().backwardKeys.of(qkv.dtype()))
                .tensor(dQkv)
                .tensor(dOut)
                .tensor(logSumExp)
                .address(deltaAddress)
                .tensor(qkv)
                .tensor(firstKeys);
        dims(s).run(rows(s, s.kvHeads()));
    }

    void cached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape s,
            int firstPosition,
            int window) {
        requireHeadDim(s);
        long positions = keyCache.dim(1);
        long count = (long) s.batch() * s.time() * s.kvHeads() * s.headDim();
        launcher.call(rowKernels().append.of(qkv.dtype()))
                .tensor(keyCache)
                .tensor(valueCache)
                .tensor(qkv);
        dims(s).i32(positions).i32(firstPosition).run(Grid.covering(count, THREADS));
        launcher.call(rowKernels().cached.of(qkv.dtype()))
                .tensor(out)
                .tensor(keyCache)
                .tensor(valueCache)
                .tensor(qkv);
        dims(s).i32(positions)
                .i32(firstPosition)
                .i32(window)
                .run(new Grid(s.time(), s.heads(), s.batch(), WARP, ROWS_PER_BLOCK));
    }

    private Launcher dims(AttentionShape s) {
        requireHeadDim(s);
        return launcher.i32(s.batch())
                .i32(s.time())
                .i32(s.heads())
                .i32(s.kvHeads())
                .i32(s.headDim());
    }

    /** A warp a row of so many heads. */
    private static Grid rows(AttentionShape s, int heads) {
        return new Grid((s.time() + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK, heads, s.batch(), WARP, ROWS_PER_BLOCK);
    }

    private static void requireHeadDim(AttentionShape s) {
        if (s.headDim() > MOST_CHANNELS) {
            throw new IllegalArgumentException(
                    "headDim is " + s.headDim() + ", expected at most " + MOST_CHANNELS + " on the engine cuda");
        }
    }

    private static boolean isForMatrixUnits(Tensor qkv, AttentionShape s) {
        return qkv.dtype() == DType.BF16 && FlashAttention.HEAD_DIMS.contains(s.headDim());
    }

    private FlashAttention flash(AttentionShape s) {
        return flash.computeIfAbsent(s.headDim(), headDim -> {
            FlashAttention made = new FlashAttention(launcher, headDim);
            launcher.reportUnits();
            return made;
        });
    }

    @Override
    public void close() {
        deltas.close();
    }
}
