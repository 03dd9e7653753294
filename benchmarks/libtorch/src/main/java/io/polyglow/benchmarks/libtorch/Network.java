package io.polyglow.benchmarks.libtorch;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** A decoder: token ids to logits. */
interface Network {
    /**
     * Logits of the next token.
     *
     * @param ids {@code [B, T]}
     * @return {@code [B, T, vocabulary]}
     */
    Tensor logits(Tensor ids);

    /** {@code [B, T, C]} as {@code [B, heads, T, C / heads]}. */
    static Tensor heads(Tensor x, int heads) {
        return x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
    }

    /** Causal attention, fused; {@code k} and {@code v} may have fewer heads than {@code q}. Returns {@code [B, T, C]}. */
    static Tensor attention(Tensor q, Tensor k, Tensor v) {
        boolean grouped = q.size(1) != k.size(1);
        Tensor y = torch.scaled_dot_product_attention(
                q, k, v, new TensorOptional(), 0.0, true, new DoubleOptional(), grouped);
        return y.transpose(1, 2).reshape(y.size(0), y.size(2), y.size(1) * y.size(3));
    }
}
