package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arithmetic of a transformer, stateless, with explicit shapes; each forward stands next to its backward.
 *
 * <p>Legend: B sequences of T tokens, N = B*T rows, C channels, F hidden channels of the MLP, V vocabulary, I inputs and O
 * outputs of a linear layer, H heads, K key/value heads, D channels of a head. "Residual" tensors (the stream between blocks,
 * its gradient, statistics, parameter gradients) are F32; "compute" tensors (inputs and outputs of matrix products) are F32 or
 * BF16. The reference engine also takes F64 for both, for finite differences. Sums are at least F32 wide.
 *
 * <p>Every implementation promises, and {@code KernelsContractTest} checks:
 *
 * <ul>
 *   <li>the result is that of {@code ReferenceKernels} within a tolerance that grows with the length of the sums;
 *   <li>the same bits for the same inputs, on every call and for every number of threads;
 *   <li>outputs may not alias inputs unless the method says "in place";
 *   <li>"accumulates" means {@code out += result}; otherwise the old content of an output is overwritten, never read;
 *   <li>a shape or dtype that does not fit is an {@link IllegalArgumentException} naming both sides.
 * </ul>
 *
 * Called from one thread at a time; an implementation may use threads of its own inside a call.
 */
public interface Kernels {
    /**
     * The output of a linear layer may have up to 63 columns more than the layer has outputs, so that its rows can begin at multiples that matrix units
     * like. The padding is never read, and never written but by {@link #softmaxCrossEntropy}.
     */
    int PADDING = 64;

    /** {@code out[...] = value}. */
    void fill(Tensor out, double value);

    /** {@code out = x}, converting between dtypes (round to nearest even); same number of elements. */
    void copy(Tensor out, Tensor x);

    /** {@code out += x}, element by element; same dtype and size. */
    void add(Tensor out, Tensor x);

    /**
     * {@code out[n] = tokenTable[tokens[n]] + positionTable[firstPosition + n % T]}; out {@code [N, C]} residual, tokens
     * {@code [N]} I32, tables {@code [V, C]} and {@code [P, C]} in the compute or residual dtype. Without a position table the
     * second term is absent.
     */
    void embedding(
            Tensor out,
            Tensor tokens,
            Tensor tokenTable,
            @Nullable Tensor positionTable,
            int timeSteps,
            int firstPosition);

    /**
     * Accumulates {@code dOut[N, C]} into {@code dTokenTable[V, C]} and {@code dPositionTable[P, C]}, in row order for each table
     * row, so that the bits do not depend on threads.
     */
    void embeddingBackward(
            @Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int timeSteps);

    /**
     * {@code out = x W^T + bias + residual}: out {@code [N, O]} compute or residual, x {@code [N, I]} compute, w in the given
     * layout compute, bias {@code [O]} residual dtype, residual {@code [N, O]} residual dtype ({@code out} may be the same tensor as
     * {@code residual}). Without a residual the bias of a compute {@code out} may be rounded to the compute dtype first, as libraries
     * with mixed precision do; there {@code out} may also have {@link #PADDING}.
     */
    void linear(Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual);

    /** {@code dX[N, I] = dOut[N, O] W}; dX compute or residual, dOut compute, maybe with {@link #PADDING}. */
    void linearBackwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout);

    /**
     * {@code dW = dOut^T x} (in the given layout) and {@code dBias = sum over rows of dOut}, added to what they hold if {@code accumulate}, else instead of it; dW, dBias
     * residual dtype, dOut maybe with {@link #PADDING}.
     */
    void linearBackwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate);

    /** {@code out[C] = } sum over the rows of {@code x[N, C]}, added to what it holds if {@code accumulate}, else instead of it; out residual, x compute. */
    void sumRows(Tensor out, Tensor x, boolean accumulate);

    /**
     * Layer normalisation (Ba et al. 2016) of rows: out {@code [N, C]} compute, mean and rstd {@code [N]} and x {@code [N, C]}
     * residual, gamma and beta {@code [C]} residual.
     */
    void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, @Nullable Tensor beta, double epsilon);

    /** Accumulates into dX (residual stream), dGamma and dBeta; dOut {@code [N, C]} compute. */
    void layerNormBackward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            Tensor mean,
            Tensor rstd);

    /** Root-mean-square normalisation (Zhang and Sennrich 2019); shapes as in {@link #layerNorm}. */
    void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor gamma, double epsilon);

    /** Accumulates into dX and dGamma. */
    void rmsNormBackward(Tensor dX, Tensor dGamma, Tensor dOut, Tensor x, Tensor gamma, Tensor rstd);

    /**
     * {@link #layerNormBackward}, or with a null mean {@link #rmsNormBackward}; then {@code copy} becomes dX in the compute dtype, as the products that come next read it, unless it is null. An
     * engine may do all of it in one pass.
     */
    default void normBackward(
            Tensor dX,
            @Nullable Tensor copy,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        if (mean == null) {
            rmsNormBackward(dX, dGamma, dOut, x, gamma, rstd);
        } else {
            layerNormBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        }
        if (copy != null) {
            copy(copy, dX);
        }
    }

    /** GELU, tanh form (Hendrycks and Gimpel 2016; Hugging Face {@code gelu_new}); compute dtype. */
    void gelu(Tensor out, Tensor x);

    /** {@code dX = dOut * gelu'(x)}; dX may be dOut (in place). */
    void geluBackward(Tensor dX, Tensor dOut, Tensor x);

    /**
     * {@link #geluBackward(Tensor, Tensor, Tensor)} of {@code [N, F]}, then {@link #sumRows} of dX: the gradient of the bias of the linear layer that gave x; unless dBias is null. An
     * engine may do both in one pass.
     */
    default void geluBackward(Tensor dX, @Nullable Tensor dBias, Tensor dOut, Tensor x, boolean accumulate) {
        geluBackward(dX, dOut, x);
        if (dBias != null) {
            sumRows(dBias, dX, accumulate);
        }
    }

    /** SwiGLU (Shazeer 2020): {@code out[N, F] = silu(gate) * up} with {@code gateUp[N, 2F] = [gate | up]}. */
    void swiglu(Tensor out, Tensor gateUp);

    /** {@code dGateUp[N, 2F]} from {@code dOut[N, F]}. */
    void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp);

    /**
     * Rotary position embedding (Su et al. 2021), Hugging Face's half-split form, in place on the query and key heads of
     * {@code qkv}: channel pair (i, i + D/2) turns by {@code position * theta^(-2i/D)}; row n has position
     * {@code firstPosition + n % T}. {@code inverse} turns back, which is the backward pass.
     */
    void rope(Tensor qkv, AttentionShape shape, int firstPosition, double theta, boolean inverse);

    /**
     * Causal attention: out {@code [N, H*D]} and qkv compute, logSumExp {@code [B, H, T]} residual (saved for the backward pass).
     *
     * <p>Row t of a sequence attends to its rows {@code firstKeys[t] ... t}, or {@code 0 ... t} where firstKeys is null. One tensor so serves sliding windows,
     * documents packed into one sequence, and both at once. firstKeys is {@code [N]} I32, counted within the sequence, {@code 0 <= firstKeys[t] <= t}, and
     * never decreases within a sequence; the reference refuses others, elsewhere the result is undefined for them. Blocks that no row sees cost nothing.
     */
    void attention(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape shape);

    /** {@code dQkv} from dOut; probabilities are recomputed from qkv and logSumExp; firstKeys as in {@link #attention}. */
    void attentionBackward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape shape);

    /**
     * Attention of {@code shape.time()} new rows per sequence at positions {@code firstPosition ...} over the cache and themselves:
     * appends the keys and values of qkv to {@code keyCache} and {@code valueCache} ({@code [B, P, K*D]}, compute dtype), then
     * attends causally, each row to at most {@code window} keys, its own among them ({@link AttentionShape#NO_WINDOW}: to all).
     */
    void attentionCached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape shape,
            int firstPosition,
            int window);

    /**
     * Cross-entropy of softmax, fused: {@code loss[n] = -log softmax(logits[n])[targets[n]]} (residual dtype), then, if
     * {@code gradScale} is not 0, replaces {@code logits[N, V]} (compute dtype) in place by {@code gradScale * (softmax - onehot)}.
     * Columns at and beyond {@code classes} are padding: ignored, gradient 0. A target of -1 has loss 0 and gradient 0.
     */
    void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale);

    /**
     * {@code out[b] = } sum of squares of {@code x[b * blockSize, (b+1) * blockSize)} in double precision; out F64 of
     * {@code ceil(size / blockSize)}. A non-finite element makes its block's sum non-finite.
     */
    void sumOfSquares(Tensor out, Tensor x, long blockSize);

    /** {@link #sumOfSquares(Tensor, Tensor, long)} of each of {@code xs}, whose sums follow each other in {@code out}. An engine may do all of it at once. */
    default void sumOfSquares(Tensor out, List<Tensor> xs, long blockSize) {
        KernelChecks.sumOfSquares(out, xs, blockSize);
        long at = 0;
        for (Tensor x : xs) {
            long blocks = Math.floorDiv(x.size() + blockSize - 1, blockSize);
            sumOfSquares(out.slice(at, blocks), x, blockSize);
            at += blocks;
        }
    }

    /**
     * AdamW (Loshchilov and Hutter 2019) in place on w, m and v (flat, residual dtype), gradient g. {@code copy}, where there is one, receives the new w, rounded to BF16 as
     * {@link #copy} does.
     */
    void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy);

    /** {@link #adamW(AdamWStep, Tensor, Tensor, Tensor, Tensor, Tensor)} of each of {@code parameters}. An engine may do all of it at once. */
    default void adamW(AdamWStep step, List<AdamWTensors> parameters) {
        for (AdamWTensors each : parameters) {
            adamW(step, each.w(), each.m(), each.v(), each.g(), each.copy());
        }
    }
}
