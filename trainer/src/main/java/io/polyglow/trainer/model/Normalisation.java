package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** LayerNorm or RMSNorm of the rows of the residual stream. */
final class Normalisation {
    private final Kernels kernels;
    private final boolean centred;
    private final double epsilon;
    private final int gammaIndex;
    private final int betaIndex;
    private final Tensor gamma;
    private final @Nullable Tensor beta;

    Normalisation(
            Kernels kernels, ModelConfig config, ParameterSet parameters, Role gammaRole, Role betaRole, int layer) {
        this.kernels = kernels;
        centred = config.norm() == ModelConfig.Norm.LAYERNORM;
        epsilon = config.normEpsilon();
        gammaIndex = parameters.layout().find(gammaRole, layer);
        betaIndex = parameters.layout().find(betaRole, layer);
        gamma = parameters.master(gammaIndex);
        beta = betaIndex < 0 ? null : parameters.master(betaIndex);
    }

    /** {@code out[N, C]} compute from {@code x[N, C]} residual; keeps mean and rstd {@code [N]}. */
    void forward(Tensor out, Tensor mean, Tensor rstd, Tensor x) {
        if (centred) {
            kernels.layerNorm(out, mean, rstd, x, gamma, beta, epsilon);
        } else {
            kernels.rmsNorm(out, rstd, x, gamma, epsilon);
        }
    }

    /** Accumulates into the stream's gradient, and leaves it for products too. */
    void backward(Scratch s, GradientSet gradients, Tensor x, Tensor mean, Tensor rstd) {
        Tensor dGamma = gradients.operand(gammaIndex);
        Tensor dBeta = betaIndex < 0 ? null : gradients.operand(betaIndex);
        kernels.normBackward(
                s.dStream, s.dStreamCopy(), dGamma, dBeta, s.dNormed, x, gamma, centred ? mean : null, rstd);
    }
}
