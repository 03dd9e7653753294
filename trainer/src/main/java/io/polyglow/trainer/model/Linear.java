package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code out = x W^T + bias}. */
final class Linear {
    private final Kernels kernels;
    private final WeightLayout layout;
    private final int weightIndex;
    private final int biasIndex;
    private final Tensor weight;
    private final @Nullable Tensor bias;

    /** Without a bias when the model has no parameter of that role. */
    Linear(
            Kernels kernels,
            ParameterSet parameters,
            WeightLayout layout,
            Role weightRole,
            @Nullable Role biasRole,
            int layer) {
        this.kernels = kernels;
        this.layout = layout;
        weightIndex = parameters.layout().find(weightRole, layer);
        biasIndex = biasRole == null ? -1 : parameters.layout().find(biasRole, layer);
        weight = parameters.compute(weightIndex);
        bias = biasIndex < 0 ? null : parameters.master(biasIndex);
    }

    void forward(Tensor out, Tensor x, @Nullable Tensor residual) {
        kernels.linear(out, x, weight, layout, bias, residual);
    }

    void backwardInput(Tensor dX, Tensor dOut) {
        kernels.linearBackwardInput(dX, dOut, weight, layout);
    }

    void backwardWeight(GradientSet gradients, Tensor x, Tensor dOut) {
        backwardWeight(gradients, x, dOut, gradients.accumulates());
    }

    void backwardWeight(GradientSet gradients, Tensor x, Tensor dOut, boolean accumulate) {
        Tensor dWeight = gradients.operand(weightIndex);
        kernels.linearBackwardWeight(dWeight, biasGradient(gradients), x, dOut, layout, accumulate);
    }

    /** Without the bias, whose gradient is formed where dOut is. */
    void backwardWeightAlone(GradientSet gradients, Tensor x, Tensor dOut) {
        Tensor dWeight = gradients.operand(weightIndex);
        kernels.linearBackwardWeight(dWeight, null, x, dOut, layout, gradients.accumulates());
    }

    @Nullable
    Tensor biasGradient(GradientSet gradients) {
        return biasIndex < 0 ? null : gradients.operand(biasIndex);
    }
}
