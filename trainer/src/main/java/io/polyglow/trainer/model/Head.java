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
    /**
     * Elements of a chunk of logits, 128 MiB in F32: all of a small micro-batch, an eighth of a large one, whose products would otherwise be too small for a GPU. A function of
     * model and micro-batch alone, so that the order of sums is too.
     */
    private static final long CHUNK = 1L << 25;

    private static final int MOST_CHUNKS = 8;

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
            logits.backwardWeight(gradients, rows.normedChunks[i], chunk);
            logits.backwardInput(rows.dNormedChunks[i], chunk);
        }
        kernels.fill(s.dStream, 0);
        norm.backward(s.dStream, gradients, s.dNormed, a.output(), rows.mean, rows.rstd);
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
            long V = paddedVocabulary(config);
            DType residual = precision.residual();
            normed = workspace.tensor(Scratch.PURPOSE, precision.compute(), N, C);
            mean = workspace.tensor(Scratch.PURPOSE, residual, N);
            rstd = workspace.tensor(Scratch.PURPOSE, residual, N);
            normedChunks = chunks(normed, V);
            dNormedChunks = chunks(s.dNormed, V);
            Tensor all = workspace.tensor(Scratch.PURPOSE, precision.compute(), chunkRows(N, V), V);
            logits = new Tensor[normedChunks.length];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = all.rows(0, normedChunks[i].dim(0));
            }
        }
    }

    /** The rows of one micro-batch, cut likewise. */
    static final class ChunksOfBatch {
        final Tensor[] loss;
        final Tensor[] targets;

        ChunksOfBatch(Activations a, ModelConfig config) {
            loss = chunks(a.loss, paddedVocabulary(config));
            targets = chunks(a.targets, paddedVocabulary(config));
        }
    }

    /** Columns of the logits: rows of a multiple of 64, which matrix units like. */
    private static long paddedVocabulary(ModelConfig config) {
        return (config.vocabSize() + Kernels.PADDING - 1L) / Kernels.PADDING * Kernels.PADDING;
    }

    private static long chunkRows(long N, long V) {
        return Math.min(N, Math.max(Math.max(1, CHUNK / V), (N + MOST_CHUNKS - 1) / MOST_CHUNKS));
    }

    private static Tensor[] chunks(Tensor tensor, long V) {
        long N = tensor.dim(0);
        long rows = chunkRows(N, V);
        Tensor[] chunks = new Tensor[(int) ((N + rows - 1) / rows)];
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = tensor.rows(i * rows, Math.min(rows, N - i * rows));
        }
        return chunks;
    }
}
