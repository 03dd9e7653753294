package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

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

    /** {@code shared} holds what blocks do not keep. */
    Activations(Workspace workspace, ModelConfig config, Precision precision, int layers, int B, int T, Shared shared) {
        long N = (long) B * T;
        tokens = workspace.tensor(PURPOSE, DType.I32, N);
        targets = workspace.tensor(PURPOSE, DType.I32, N);
        firstKeys = workspace.tensor(PURPOSE, DType.I32, N);
        loss = workspace.tensor(PURPOSE, precision.residual(), N);
        input = workspace.tensor(PURPOSE, precision.residual(), N, config.channels());
        blocks = new OfBlock[layers];
        Tensor stream = input;
        for (int i = 0; i < layers; i++) {
            blocks[i] = new OfBlock(workspace, config, precision, stream, config.attentionShape(B, T), shared);
            stream = blocks[i].output;
        }
    }

    /** The residual stream after the last block. */
    Tensor output() {
        return blocks[blocks.length - 1].output;
    }

    /** What all blocks and micro-batches of a stage have in common, as none keeps it: made by the first that needs it. */
    static final class Shared {
        final Recompute recompute;
        private final Map<String, Tensor> tensors = new HashMap<>();

        Shared(Recompute recompute) {
            this.recompute = recompute;
        }

        /** A tensor that blocks keep unless the run computes it again, at {@code level} or above. */
        Tensor tensor(String name, Recompute level, Workspace workspace, DType dtype, long... dims) {
            return recompute.compareTo(level) < 0
                    ? workspace.tensor(PURPOSE, dtype, dims)
                    : tensors.computeIfAbsent(name, any -> workspace.tensor(PURPOSE, dtype, dims));
        }
    }

    /** Of one block. F hidden channels, G = F or 2F with a gate, R columns of q, k and v. */
    static final class OfBlock {
        final Recompute recompute;
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

        OfBlock(
                Workspace workspace,
                ModelConfig config,
                Precision precision,
                Tensor input,
                AttentionShape shape,
                Shared shared) {
            long N = (long) shape.batch() * shape.time();
            long C = config.channels();
            long F = config.hidden();
            DType compute = precision.compute();
            DType residual = precision.residual();
            this.shape = shape;
            this.input = input;
            recompute = shared.recompute;
            Recompute full = Recompute.FULL;
            Recompute selective = Recompute.SELECTIVE;
            middle = shared.tensor("middle", full, workspace, residual, N, C);
            output = workspace.tensor(PURPOSE, residual, N, C);
            normed = shared.tensor("normed", selective, workspace, compute, N, C);
            mean = shared.tensor("mean", full, workspace, residual, N);
            rstd = shared.tensor("rstd", full, workspace, residual, N);
            qkv = shared.tensor("qkv", full, workspace, compute, N, shape.qkvChannels());
            attended = shared.tensor("attended", full, workspace, compute, N, C);
            logSumExp =
                    shared.tensor("logSumExp", full, workspace, residual, shape.batch(), shape.heads(), shape.time());
            mlpNormed = shared.tensor("mlpNormed", selective, workspace, compute, N, C);
            mlpMean = shared.tensor("mlpMean", full, workspace, residual, N);
            mlpRstd = shared.tensor("mlpRstd", full, workspace, residual, N);
            hidden = shared.tensor("hidden", full, workspace, compute, N, Mlp.upChannels(config));
            activated = shared.tensor("activated", selective, workspace, compute, N, F);
        }
    }
}
