package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Causal self-attention from and onto the residual stream: norm, q k v, rope, attend, project. */
final class Attention {
    private final Kernels kernels;
    private final boolean rope;
    private final double theta;
    private final int window;
    private final Normalisation norm;
    private final Linear qkv;
    private final Linear out;

    Attention(Kernels kernels, ModelConfig config, ParameterSet parameters, int layer) {
        this.kernels = kernels;
        rope = config.positions() == ModelConfig.Positions.ROPE;
        theta = config.ropeTheta();
        window = config.windowOfAttention();
        norm = new Normalisation(
                kernels, config, parameters, Role.ATTENTION_NORM_GAMMA, Role.ATTENTION_NORM_BETA, layer);
        qkv = new Linear(kernels, parameters, config.weightLayout(), Role.QKV_WEIGHT, Role.QKV_BIAS, layer);
        out = new Linear(
                kernels, parameters, config.weightLayout(), Role.ATTENTION_OUT_WEIGHT, Role.ATTENTION_OUT_BIAS, layer);
    }

    void forward(Activations.OfBlock a, @Nullable Tensor firstKeys) {
        project(a, 0);
        kernels.attention(a.attended, a.logSumExp, a.qkv, firstKeys, a.shape);
        out.forward(a.middle, a.attended, a.input);
    }

    /** The rows stand at {@code firstPosition ...}; keys and values before them are in the caches {@code [B, P, K*D]}. */
    void forwardCached(Activations.OfBlock a, Tensor keyCache, Tensor valueCache, int firstPosition) {
        project(a, firstPosition);
        kernels.attentionCached(a.attended, keyCache, valueCache, a.qkv, a.shape, firstPosition, window);
        out.forward(a.middle, a.attended, a.input);
    }

    private void project(Activations.OfBlock a, int firstPosition) {
        normalise(a);
        qkv.forward(a.qkv, a.normed, null);
        turn(a.qkv, a.shape, firstPosition, false);
    }

    void normalise(Activations.OfBlock a) {
        norm.forward(a.normed, a.mean, a.rstd, a.input);
    }

    void backward(Activations.OfBlock a, @Nullable Tensor firstKeys, Scratch s, GradientSet gradients) {
        Tensor dOut = s.dStreamForProducts();
        Tensor dAttended = s.dNormed;
        out.backwardWeight(gradients, a.attended, dOut);
        out.backwardInput(dAttended, dOut);
        kernels.attentionBackward(s.dQkv, dAttended, a.attended, a.logSumExp, a.qkv, firstKeys, a.shape);
        turn(s.dQkv, a.shape, 0, true);
        qkv.backwardWeight(gradients, a.normed, s.dQkv);
        qkv.backwardInput(s.dNormed, s.dQkv);
        norm.backward(s, gradients, a.input, a.mean, a.rstd);
    }

    private void turn(Tensor rows, AttentionShape shape, int firstPosition, boolean inverse) {
        if (rope) {
            kernels.rope(rows, shape, firstPosition, theta, inverse);
        }
    }
}
