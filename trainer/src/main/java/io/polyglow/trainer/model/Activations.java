package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;

/** What a forward pass leaves for the backward pass: one micro-batch of B sequences of T tokens, N = B*T rows. */
final class Activations {
    static final String PURPOSE = "activations";

    /** Token ids and target ids {@code [N]}. */
    final Tensor tokens;

    final Tensor targets;

    /** The first key that each row sees {@code [N]}, where attention is not plainly causal. */
    final Tensor firstKeys;

    /** Loss of each row {@code [N]}, 0 where the target is -1. */
    final Tensor loss;

    /** The residual stream {@code [N, C]} before the first block of the stage, which is also its input from the stage before. */
    final Tensor input;

    /** The blocks of the stage. */
    final OfBlock[] blocks;

    Activations(Workspace workspace, ModelConfig config, Precision precision, int layers, int B, int T) {
        long N = (long) B * T;
        tokens = workspace.tensor(PURPOSE, DType.I32, N);
        targets = workspace.tensor(PURPOSE, DType.I32, N);
        firstKeys = workspace.tensor(PURPOSE, DType.I32, N);
        loss = workspace.tensor(PURPOSE, precision.residual(), N);
        input = workspace.tensor(PURPOSE, precision.residual(), N, config.channels());
        blocks = new OfBlock[layers];
        Tensor stream = input;
        for (int i = 0; i < layers; i++) {
            blocks[i] = new OfBlock(workspace, config, precision, stream, config.attentionShape(B, T));
            stream = blocks[i].output;
        }
    }

    /** The residual stream after the last block. */
    Tensor output() {
        return blocks[blocks.length - 1].output;
    }

    /** Of one block. F hidden channels, G = F or 2F with a gate, R columns of q, k and v. */
    static final class OfBlock {
        final AttentionShape shape;

        /** The stream {@code [N, C]}: into the block, after attention, after the MLP. */
        final Tensor input;

        final Tensor middle;
        final Tensor output;

        /** Attention: normed {@code [N, C]}, statistics {@code [N]}, qkv {@code [N, R]} after rope, attended {@code [N, C]}, {@code [B, H, T]}. */
        final Tensor normed;

        final Tensor mean;
        final Tensor rstd;
        final Tensor qkv;
        final Tensor attended;
        final Tensor logSumExp;

        /** MLP: normed {@code [N, C]}, statistics {@code [N]}, hidden {@code [N, G]}, activated {@code [N, F]}. */
        final Tensor mlpNormed;

        final Tensor mlpMean;
        final Tensor mlpRstd;
        final Tensor hidden;
        final Tensor activated;

        OfBlock(Workspace workspace, ModelConfig config, Precision precision, Tensor input, AttentionShape shape) {
            long N = (long) shape.batch() * shape.time();
            long C = config.channels();
            long F = config.hidden();
            DType compute = precision.compute();
            DType residual = precision.residual();
            this.shape = shape;
            this.input = input;
            middle = workspace.tensor(PURPOSE, residual, N, C);
            output = workspace.tensor(PURPOSE, residual, N, C);
            normed = workspace.tensor(PURPOSE, compute, N, C);
            mean = workspace.tensor(PURPOSE, residual, N);
            rstd = workspace.tensor(PURPOSE, residual, N);
            qkv = workspace.tensor(PURPOSE, compute, N, shape.qkvChannels());
            attended = workspace.tensor(PURPOSE, compute, N, C);
            logSumExp = workspace.tensor(PURPOSE, residual, shape.batch(), shape.heads(), shape.time());
            mlpNormed = workspace.tensor(PURPOSE, compute, N, C);
            mlpMean = workspace.tensor(PURPOSE, residual, N);
            mlpRstd = workspace.tensor(PURPOSE, residual, N);
            hidden = workspace.tensor(PURPOSE, compute, N, Mlp.upChannels(config));
            activated = workspace.tensor(PURPOSE, compute, N, F);
        }
    }
}
