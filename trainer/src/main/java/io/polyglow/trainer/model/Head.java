package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;

/**
 * The last norm, logits and cross-entropy. Forward and backward are one pass over chunks of rows, because the gradient of the logits replaces the logits
 * in place: those of a large micro-batch never exist, in any type. Chunks of the vocabulary would need a second pass over it, and with it the products of the forward pass again.
 */
final class Head {
    private final Kernels kernels;
    private final int classes;
    private final Normalisation norm;
    private final Linear logits;

    Head(Kernels kernels, ModelConfig config, ParameterSet parameters) {
        this.kernels = kernels;
        classes = config.vocabSize();
        norm = new Normalisation(
                kernels, config, parameters, Role.FINAL_NORM_GAMMA, Role.FINAL_NORM_BETA, ParameterSpec.NO_LAYER);
        logits = new Linear(kernels, parameters, WeightLayout.OUT_IN, Role.HEAD_WEIGHT, null, ParameterSpec.NO_LAYER);
    }

    /** Fills {@code a.loss}. */
    void loss(Activations a, Rows rows, ChunksOfBatch batch) {
        norm.forward(rows.normed, rows.mean, rows.rstd, a.output());
        for (int i = 0; i < rows.logits.length; i++) {
            logits.forward(rows.logits[i], rows.normedChunks[i], null);
            kernels.softmaxCrossEntropy(batch.loss[i], rows.logits[i], batch.targets[i], classes, 0);
        }
    }

    /** Fills {@code a.loss}, and overwrites {@code s.dStream} with the gradient of {@code gradScale} times the sum of the losses. */
    void lossAndGradient(
            Activations a, Rows rows, ChunksOfBatch batch, Scratch s, GradientSet gradients, double gradScale) {
        norm.forward(rows.normed, rows.mean, rows.rstd, a.output());
        for (int i = 0; i < rows.logits.length; i++) {
            Tensor chunk = rows.logits[i];
            logits.forward(chunk, rows.normedChunks[i], null);
            kernels.softmaxCrossEntropy(batch.loss[i], chunk, batch.targets[i], classes, gradScale);
            logits.backwardWeight(gradients, rows.normedChunks[i], chunk, i > 0 || gradients.accumulates());
            logits.backwardInput(rows.dNormedChunks[i], chunk);
        }
        kernels.fill(s.dStream, 0);
        norm.backward(s, gradients, a.output(), rows.mean, rows.rstd);
    }

    /** {@code out[n, V]} in the residual dtype for n rows of the stream; normed and the statistics are scratch. */
    void predict(Tensor out, Tensor x, Tensor normed, Tensor mean, Tensor rstd) {
        norm.forward(normed, mean, rstd, x);
        logits.forward(out, normed, null);
    }

    /** Scratch of the head, cut into chunks of rows. */
    static final class Rows {
        final Tensor normed;
        final Tensor mean;
        final Tensor rstd;
        final Tensor[] normedChunks;
        final Tensor[] dNormedChunks;
        final Tensor[] logits;

        Rows(Workspace workspace, ModelConfig config, Precision precision, Scratch s) {
            long N = s.dStream.dim(0);
            long C = config.channels();
            LogitChunks chunks = LogitChunks.of(config, N);
            DType residual = precision.residual();
            normed = workspace.tensor(Scratch.PURPOSE, precision.compute(), N, C);
            mean = workspace.tensor(Scratch.PURPOSE, residual, N);
            rstd = workspace.tensor(Scratch.PURPOSE, residual, N);
            normedChunks = chunks.cut(normed);
            dNormedChunks = chunks.cut(s.dNormed);
            Tensor all = workspace.tensor(Scratch.PURPOSE, precision.compute(), chunks.chunkRows(), chunks.columns());
            logits = new Tensor[chunks.count()];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = all.rows(0, chunks.rowsOf(i));
            }
        }
    }

    /** The rows of one micro-batch, cut likewise. */
    static final class ChunksOfBatch {
        final Tensor[] loss;
        final Tensor[] targets;

        ChunksOfBatch(Activations a, ModelConfig config) {
            LogitChunks chunks = LogitChunks.of(config, a.loss.dim(0));
            loss = chunks.cut(a.loss);
            targets = chunks.cut(a.targets);
        }
    }
}
