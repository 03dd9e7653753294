package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Attention, then MLP, each added to the residual stream (pre-norm). */
final class Block {
    private final Attention attention;
    private final Mlp mlp;

    Block(Kernels kernels, ModelConfig config, ParameterSet parameters, int layer) {
        attention = new Attention(kernels, config, parameters, layer);
        mlp = new Mlp(kernels, config, parameters, layer);
    }

    /** {@code firstKeys} as in {@link Kernels#attention}. */
    void forward(Activations.OfBlock a, @Nullable Tensor firstKeys) {
        attention.forward(a, firstKeys);
        mlp.forward(a);
    }

    void forwardCached(Activations.OfBlock a, Tensor keyCache, Tensor valueCache, int firstPosition) {
        attention.forwardCached(a, keyCache, valueCache, firstPosition);
        mlp.forward(a);
    }

    void backward(Activations.OfBlock a, @Nullable Tensor firstKeys, Scratch s, GradientSet gradients) {
        switch (a.recompute) {
            case NONE -> {}
            case SELECTIVE -> {
                attention.normalise(a);
                mlp.normalise(a);
                mlp.activate(a);
            }
            case FULL -> {
                attention.forward(a, firstKeys);
                mlp.expand(a);
            }
        }
        mlp.backward(a, s, gradients);
        attention.backward(a, firstKeys, s, gradients);
    }
}
