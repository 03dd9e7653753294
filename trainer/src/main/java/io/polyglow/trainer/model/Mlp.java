package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;

/** The feed-forward half of a block, from and onto the residual stream: norm, up (and gate), activation, down. */
final class Mlp {
    private final Kernels kernels;
    private final boolean gated;
    private final Normalisation norm;
    private final Linear up;
    private final Linear down;

    Mlp(Kernels kernels, ModelConfig config, ParameterSet parameters, int layer) {
        this.kernels = kernels;
        gated = config.activation() == ModelConfig.Activation.SWIGLU;
        norm = new Normalisation(kernels, config, parameters, Role.MLP_NORM_GAMMA, Role.MLP_NORM_BETA, layer);
        up = new Linear(kernels, parameters, config.weightLayout(), Role.MLP_UP_WEIGHT, Role.MLP_UP_BIAS, layer);
        down = new Linear(kernels, parameters, config.weightLayout(), Role.MLP_DOWN_WEIGHT, Role.MLP_DOWN_BIAS, layer);
    }

    /** Columns of the hidden rows before the activation. */
    static int upChannels(ModelConfig config) {
        return config.activation() == ModelConfig.Activation.SWIGLU ? 2 * config.hidden() : config.hidden();
    }

    void forward(Activations.OfBlock a) {
        expand(a);
        down.forward(a.output, a.activated, a.middle);
    }

    /** All but the last product: what the backward pass needs. */
    void expand(Activations.OfBlock a) {
        normalise(a);
        up.forward(a.hidden, a.mlpNormed, null);
        activate(a);
    }

    void normalise(Activations.OfBlock a) {
        norm.forward(a.mlpNormed, a.mlpMean, a.mlpRstd, a.middle);
    }

    void activate(Activations.OfBlock a) {
        if (gated) {
            kernels.swiglu(a.activated, a.hidden);
        } else {
            kernels.gelu(a.activated, a.hidden);
        }
    }

    void backward(Activations.OfBlock a, Scratch s, GradientSet gradients) {
        Tensor dOut = s.dStreamForProducts();
        down.backwardWeight(gradients, a.activated, dOut);
        down.backwardInput(s.dActivated, dOut);
        if (gated) {
            kernels.swigluBackward(s.dHidden, s.dActivated, a.hidden);
            up.backwardWeight(gradients, a.mlpNormed, s.dHidden);
        } else {
            Tensor dBias = up.biasGradient(gradients);
            kernels.geluBackward(s.dHidden, dBias, s.dActivated, a.hidden, gradients.accumulates());
            up.backwardWeightAlone(gradients, a.mlpNormed, s.dHidden);
        }
        up.backwardInput(s.dNormed, s.dHidden);
        norm.backward(s, gradients, a.middle, a.mlpMean, a.mlpRstd);
    }
}
