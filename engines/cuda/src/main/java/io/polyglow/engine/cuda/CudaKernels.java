package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AdamWTensors;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.KernelChecks;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The kernels of the CUDA engine: checks the arguments, then hands over to the class of the topic. */
final class CudaKernels implements Kernels, AutoCloseable {
    private final Elements elements;
    private final Embeddings embeddings;
    private final ColumnSums sums;
    private final Linear linear;
    private final Norms norms;
    private final Activations activations;
    private final Rope rope;
    private final Attention attention;
    private final CrossEntropy crossEntropy;
    private final Optimizer optimizer;

    CudaKernels(Launcher launcher, MatrixProducts products) {
        elements = new Elements(launcher);
        embeddings = new Embeddings(launcher);
        sums = new ColumnSums(launcher);
        linear = new Linear(launcher, products, elements, sums);
        norms = new Norms(launcher, elements, sums);
        activations = new Activations(launcher);
        rope = new Rope(launcher);
        attention = new Attention(launcher);
        crossEntropy = new CrossEntropy(launcher);
        optimizer = new Optimizer(launcher);
    }

    @Override
    public void fill(Tensor out, double value) {
        elements.fill(out, value);
    }

    @Override
    public void copy(Tensor out, Tensor x) {
        KernelChecks.copy(out, x);
        elements.copy(out, x);
    }

    @Override
    public void add(Tensor out, Tensor x) {
        KernelChecks.add(out, x);
        elements.add(out, x);
    }

    @Override
    public void embedding(
            Tensor out,
            Tensor tokens,
            Tensor tokenTable,
            @Nullable Tensor positionTable,
            int timeSteps,
            int firstPosition) {
        KernelChecks.embedding(out, tokens, tokenTable, positionTable, timeSteps, firstPosition);
        embeddings.forward(out, tokens, tokenTable, positionTable, timeSteps, firstPosition);
    }

    @Override
    public void embeddingBackward(
            @Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int timeSteps) {
        KernelChecks.embeddingBackward(dTokenTable, dPositionTable, tokens, dOut, timeSteps);
        embeddings.backward(dTokenTable, dPositionTable, tokens, dOut, timeSteps);
    }

    @Override
    public void linear(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        KernelChecks.linear(out, x, w, layout, bias, residual);
        linear.forward(out, x, w, layout, bias, residual);
    }

    @Override
    public void linearBackwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        KernelChecks.linearBackwardInput(dX, dOut, w, layout);
        linear.backwardInput(dX, dOut, w, layout);
    }

    @Override
    public void linearBackwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        KernelChecks.linearBackwardWeight(dW, dBias, x, dOut, layout);
        linear.backwardWeight(dW, dBias, x, dOut, layout, accumulate);
    }

    @Override
    public void sumRows(Tensor out, Tensor x, boolean accumulate) {
        KernelChecks.sumRows(out, x);
        sums.sum(out, x, accumulate);
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, @Nullable Tensor beta, double epsilon) {
        KernelChecks.norm(out, mean, rstd, x, gamma, beta);
        norms.forward(out, mean, rstd, x, gamma, beta, epsilon);
    }

    @Override
    public void layerNormBackward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            Tensor mean,
            Tensor rstd) {
        normBackward(dX, null, dGamma, dBeta, dOut, x, gamma, mean, rstd);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor gamma, double epsilon) {
        KernelChecks.norm(out, null, rstd, x, gamma, null);
        norms.forward(out, null, rstd, x, gamma, null, epsilon);
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dGamma, Tensor dOut, Tensor x, Tensor gamma, Tensor rstd) {
        normBackward(dX, null, dGamma, null, dOut, x, gamma, null, rstd);
    }

    @Override
    public void normBackward(
            Tensor dX,
            @Nullable Tensor copy,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        KernelChecks.normBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        boolean atOnce = copy != null && copy.dtype() == DType.BF16;
        if (copy != null) {
            KernelChecks.copy(copy, dX);
        }
        norms.backward(dX, atOnce ? copy : null, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        if (copy != null && !atOnce) {
            elements.copy(copy, dX);
        }
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        KernelChecks.elementwise(out, x);
        activations.gelu(out, x);
    }

    @Override
    public void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        KernelChecks.elementwise(dX, x);
        KernelChecks.elementwise(dX, dOut);
        activations.geluBackward(dX, dOut, x);
    }

    @Override
    public void geluBackward(Tensor dX, @Nullable Tensor dBias, Tensor dOut, Tensor x, boolean accumulate) {
        if (dBias == null || !ColumnSums.takesGelu(dX, dOut, x)) {
            Kernels.super.geluBackward(dX, dBias, dOut, x, accumulate);
            return;
        }
        KernelChecks.elementwise(dX, x);
        KernelChecks.elementwise(dX, dOut);
        KernelChecks.sumRows(dBias, dX);
        sums.geluBackward(dBias, dX, dOut, x, accumulate);
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        KernelChecks.swiglu(out, gateUp);
        activations.swiglu(out, gateUp);
    }

    @Override
    public void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        KernelChecks.swiglu(dOut, gateUp);
        KernelChecks.swiglu(dOut, dGateUp);
        activations.swigluBackward(dGateUp, dOut, gateUp);
    }

    @Override
    public void rope(Tensor qkv, AttentionShape shape, int firstPosition, double theta, boolean inverse) {
        KernelChecks.rope(qkv, shape, firstPosition);
        rope.turn(qkv, shape, firstPosition, theta, inverse);
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape shape) {
        KernelChecks.attention(out, logSumExp, qkv, firstKeys, shape);
        attention.forward(out, logSumExp, qkv, firstKeys, shape);
    }

    @Override
    public void attentionBackward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape shape) {
        KernelChecks.attentionBackward(dQkv, dOut, out, logSumExp, qkv, firstKeys, shape);
        attention.backward(dQkv, dOut, out, logSumExp, qkv, firstKeys, shape);
    }

    @Override
    public void attentionCached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape shape,
            int firstPosition,
            int window) {
        KernelChecks.attentionCached(out, keyCache, valueCache, qkv, shape, firstPosition, window);
        attention.cached(out, keyCache, valueCache, qkv, shape, firstPosition, window);
    }

    @Override
    public void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        KernelChecks.softmaxCrossEntropy(loss, logits, targets, classes);
        crossEntropy.run(loss, logits, targets, classes, gradScale);
    }

    @Override
    public void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        sumOfSquares(out, List.of(x), blockSize);
    }

    @Override
    public void sumOfSquares(Tensor out, List<Tensor> xs, long blockSize) {
        KernelChecks.sumOfSquares(out, xs, blockSize);
        optimizer.sumOfSquares(out, xs, blockSize);
    }

    @Override
    public void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        adamW(step, List.of(new AdamWTensors(w, m, v, g, copy)));
    }

    @Override
    public void adamW(AdamWStep step, List<AdamWTensors> parameters) {
        for (AdamWTensors each : parameters) {
            Launcher.requireComputes(each.w().dtype());
            KernelChecks.adamW(each.w(), each.m(), each.v(), each.g(), each.copy());
        }
        optimizer.adamW(step, parameters);
    }

    @Override
    public void close() {
        embeddings.close();
        sums.close();
        linear.close();
        rope.close();
        attention.close();
    }
}
