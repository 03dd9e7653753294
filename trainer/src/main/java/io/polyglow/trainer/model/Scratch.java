package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Gradients on their way down, shared by all blocks and micro-batches of a stage, since one backward pass runs at a time. */
final class Scratch {
    static final String PURPOSE = "scratch";

    /** Gradient of the residual stream {@code [N, C]}: every layer takes that of its output and leaves that of its input. */
    final Tensor dStream;

    /** Gradient of a normed stream, and of attended values {@code [N, C]}. */
    final Tensor dNormed;

    /** {@code [N, R]}. */
    final Tensor dQkv;

    /** {@code [N, F]} and {@code [N, G]}; the same tensor without a gate. */
    final Tensor dActivated;

    final Tensor dHidden;

    private final Tensor dStreamCompute;

    Scratch(Workspace workspace, ModelConfig config, Precision precision, int B, int T) {
        long N = (long) B * T;
        long C = config.channels();
        DType compute = precision.compute();
        dStream = workspace.tensor(PURPOSE, precision.residual(), N, C);
        dStreamCompute = precision.mixed() ? workspace.tensor(PURPOSE, compute, N, C) : dStream;
        dNormed = workspace.tensor(PURPOSE, compute, N, C);
        dQkv = workspace.tensor(PURPOSE, compute, N, config.attentionShape(B, T).qkvChannels());
        dActivated = workspace.tensor(PURPOSE, compute, N, config.hidden());
        boolean gated = config.activation() == ModelConfig.Activation.SWIGLU;
        dHidden = gated ? workspace.tensor(PURPOSE, compute, N, Mlp.upChannels(config)) : dActivated;
    }

    /** The stream's gradient in the compute dtype, as matrix products read it: as {@link Normalisation#backward} or {@link #received} has left it. */
    Tensor dStreamForProducts() {
        return dStreamCompute;
    }

    /** The same where it is a tensor of its own, to be written; else null. */
    @Nullable
    Tensor dStreamCopy() {
        return dStreamCompute == dStream ? null : dStreamCompute;
    }

    /** After the stream's gradient has come from elsewhere. */
    void received(Kernels kernels) {
        if (dStreamCompute != dStream) {
            kernels.copy(dStreamCompute, dStream);
        }
    }
}
