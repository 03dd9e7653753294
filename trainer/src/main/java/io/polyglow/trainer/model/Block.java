package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;

/** Attention, then MLP, each added to the residual stream (pre-norm). */
final class Block {
    private final Attention attention;
    private final Mlp mlp;

    Block(Kernels kernels, ModelConfig config, ParameterSet parameters, int layer) {
        attention = new Attention(kernels, config, parameters, layer);
        mlp = new Mlp(kernels, config, parameters, layer);
    }

    void forward(Activations.OfBlock a) {
        attention.forward(a);
        mlp.forward(a);
    }

    void forwardCached(Activations.OfBlock a, Tensor keyCache, Tensor valueCache, int firstPosition) {
        attention.forwardCached(a, keyCache, valueCache, firstPosition);
        mlp.forward(a);
    }

    void backward(Activations.OfBlock a, Scratch s, GradientSet gradients) {
        mlp.backward(a, s, gradients);
        attention.backward(a, s, gradients);
    }
}
