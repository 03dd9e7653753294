package io.polyglow.trainer.kernels;

/**
 * Dims of causal self-attention over packed rows {@code qkv[B*T, (H + 2*K) * D]}: H query heads, then K key heads, then K
 * value heads, each of D channels. Query head h reads key/value head {@code h / (H / K)} (grouped-query attention, Ainslie et
 * al. 2023); K = H is multi-head attention. Scores are scaled by {@code 1/sqrt(D)}.
 */
public record AttentionShape(int batch, int time, int heads, int kvHeads, int headDim) {
    /** A window that hides no earlier key. */
    public static final int NO_WINDOW = Integer.MAX_VALUE;

    /** Checks the dims. */
    public AttentionShape {
        if (batch < 1 || time < 1 || heads < 1 || kvHeads < 1 || headDim < 1 || heads % kvHeads != 0) {
            throw new IllegalArgumentException("impossible attention shape: batch " + batch + ", time " + time
                    + ", heads " + heads + ", kv-heads " + kvHeads + ", head-dim " + headDim);
        }
    }

    /** Columns of a packed qkv row. */
    public int qkvChannels() {
        return (heads + 2 * kvHeads) * headDim;
    }

    /** The first key that a row at {@code position} sees through a window of so many keys, its own among them. */
    public static int firstKey(int position, int window) {
        return window > position ? 0 : position - window + 1;
    }

    /** Columns of an output row. */
    public int channels() {
        return heads * headDim;
    }
}
