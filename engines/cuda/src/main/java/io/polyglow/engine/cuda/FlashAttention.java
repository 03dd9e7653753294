package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Device.Image;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention in bf16 on the matrix units (Dao 2023), compiled for one head size: on Hopper by the products of its warpgroups, elsewhere by those of a
 * warp. Tile sizes and shared memory are those of attention_wgmma.cu and attention_flash.cu.
 */
final class FlashAttention {
    /** The head sizes that there are kernels for. */
    static final List<Integer> HEAD_DIMS = List.of(64, 128);

    /** {@code -Dpolyglow.cuda.wgmma=false} takes the products of a warp on Hopper too, to measure what the others bring. */
    static final String WGMMA = "polyglow.cuda.wgmma";

    private static final int HOPPER = 90;
    private static final int FORWARD_QUERIES = 128;
    private static final int DELTA_THREADS = 256;
    private static final int DELTA_ELEMENTS = 2048;
    private static final int STATISTICS_BYTES = 1024;

    private final Launcher launcher;
    private final int threads;
    private final int backwardRows;
    private final int forwardBytes;
    private final int backwardBytes;
    private final Function forward;
    private final Function delta;
    private final Function backwardQueries;
    private final Function backwardKeys;

    FlashAttention(Launcher launcher, int headDim) {
        this.launcher = launcher;
        boolean wgmma = launcher.device().architecture() == HOPPER && !"false".equals(System.getProperty(WGMMA));
        threads = wgmma ? 256 : 128;
        backwardRows = wgmma || headDim == 64 ? 128 : 64;
        forwardBytes = 768 * headDim;
        backwardBytes = wgmma || headDim == 64 ? 1024 * headDim : 768 * headDim;
        Image image = wgmma
                ? launcher.compile("wgmma-" + headDim, KernelSource.wgmma(), options(headDim))
                : launcher.compile("flash-" + headDim, KernelSource.flash(), options(headDim));
        forward = image.function("flash_forward", forwardBytes);
        delta = image.function("flash_delta", 0);
        backwardQueries = image.function("flash_backward_q", backwardBytes);
        backwardKeys = image.function("flash_backward_kv", backwardBytes + STATISTICS_BYTES);
    }

    static List<String> options(int headDim) {
        List<String> options = new ArrayList<>(KernelSource.OPTIONS);
        options.add("-DHEAD_DIM=" + headDim);
        return options;
    }

    void forward(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape s) {
        launcher.call(forward).tensor(out).tensor(logSumExp).tensor(qkv).tensor(firstKeys);
        dims(s).run(blocks(s, FORWARD_QUERIES, s.heads()), forwardBytes);
    }

    /** {@code deltas} is scratch for {@code [B, H, T]} in f32. */
    void backward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            long deltas,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape s) {
        launcher.call(delta)
                .address(deltas)
                .tensor(dOut)
                .tensor(out)
                .i32(s.batch())
                .i32(s.time())
                .i32(s.heads())
                .run(Grid.of((out.size() + DELTA_ELEMENTS - 1) / DELTA_ELEMENTS, DELTA_THREADS));
        launcher.call(backwardKeys)
                .tensor(dQkv)
                .tensor(dOut)
                .tensor(logSumExp)
                .address(deltas)
                .tensor(qkv)
                .tensor(firstKeys);
        dims(s).run(blocks(s, backwardRows, s.kvHeads()), backwardBytes + STATISTICS_BYTES);
        launcher.call(backwardQueries)
                .tensor(dQkv)
                .tensor(dOut)
                .tensor(logSumExp)
                .address(deltas)
                .tensor(qkv)
                .tensor(firstKeys);
        dims(s).run(blocks(s, backwardRows, s.heads()), backwardBytes);
    }

    private Launcher dims(AttentionShape s) {
        return launcher.i32(s.batch()).i32(s.time()).i32(s.heads()).i32(s.kvHeads());
    }

    private Grid blocks(AttentionShape s, int rows, int heads) {
        return new Grid((s.time() + rows - 1) / rows, heads, s.batch(), threads, 1);
    }
}
