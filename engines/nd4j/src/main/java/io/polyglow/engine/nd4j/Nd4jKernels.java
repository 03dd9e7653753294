package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.KernelChecks;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The kernels of the ND4J engine: checks the arguments, then hands over to the class of the topic. */
final class Nd4jKernels implements Kernels, AutoCloseable {
    private final GpuOfThread gpu;
    private final Scratch scratch = new Scratch();
    private final ColumnSums columnSums = new ColumnSums();
    private final CausalMasks masks = new CausalMasks();
    private final Elements elements = new Elements();
    private final Embeddings embeddings = new Embeddings(columnSums);
    private final Linear linear = new Linear(columnSums);
    private final Norms norms = new Norms(scratch, columnSums);
    private final Activations activations = new Activations(scratch);
    private final Rope rope = new Rope(scratch);
    private final Attention attention = new Attention(scratch, masks);
    private final CrossEntropy crossEntropy = new CrossEntropy(scratch);
    private final Optimizer optimizer = new Optimizer(scratch);

    Nd4jKernels(GpuOfThread gpu) {
        this.gpu = gpu;
    }

    private void begin() {
        gpu.select();
        Nd4jLibrary.computeOnOneThread();
        scratch.reset();
    }

    @Override
    public void fill(Tensor out, double value) {
        begin();
        elements.fill(out, value);
    }

    @Override
    public void copy(Tensor out, Tensor x) {
        KernelChecks.copy(out, x);
        begin();
        elements.copy(out, x);
    }

    @Override
    public void add(Tensor out, Tensor x) {
        KernelChecks.add(out, x);
        begin();
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
        begin();
        embeddings.forward(out, tokens, tokenTable, positionTable, timeSteps, firstPosition);
    }

    @Override
    public void embeddingBackward(
            @Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int timeSteps) {
        KernelChecks.embeddingBackward(dTokenTable, dPositionTable, tokens, dOut, timeSteps);
        begin();
        embeddings.backward(dTokenTable, dPositionTable, tokens, dOut, timeSteps);
    }

    @Override
    public void linear(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        KernelChecks.linear(out, x, w, layout, bias, residual);
        begin();
        linear.forward(out, x, w, layout, bias, residual);
    }

    @Override
    public void linearBackwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        KernelChecks.linearBackwardInput(dX, dOut, w, layout);
        begin();
        linear.backwardInput(dX, dOut, w, layout);
    }

    @Override
    public void linearBackwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        KernelChecks.linearBackwardWeight(dW, dBias, x, dOut, layout);
        begin();
        linear.backwardWeight(dW, dBias, x, dOut, layout, accumulate);
    }

    @Override
    public void sumRows(Tensor out, Tensor x, boolean accumulate) {
        KernelChecks.sumRows(out, x);
        begin();
        linear.sumRows(out, x, accumulate);
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, @Nullable Tensor beta, double epsilon) {
        KernelChecks.norm(out, mean, rstd, x, gamma, beta);
        begin();
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
        KernelChecks.normBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        begin();
        norms.backward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor gamma, double epsilon) {
        KernelChecks.norm(out, null, rstd, x, gamma, null);
        begin();
        norms.forward(out, null, rstd, x, gamma, null, epsilon);
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dGamma, Tensor dOut, Tensor x, Tensor gamma, Tensor rstd) {
        KernelChecks.normBackward(dX, dGamma, null, dOut, x, gamma, null, rstd);
        begin();
        norms.backward(dX, dGamma, null, dOut, x, gamma, null, rstd);
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        KernelChecks.elementwise(out, x);
        begin();
        activations.gelu(out, x);
    }

    @Override
    public void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        KernelChecks.elementwise(dX, x);
        KernelChecks.elementwise(dX, dOut);
        begin();
        activations.geluBackward(dX, dOut, x);
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        KernelChecks.swiglu(out, gateUp);
        begin();
        activations.swiglu(out, gateUp);
    }

    @Override
    public void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        KernelChecks.swiglu(dOut, gateUp);
        KernelChecks.swiglu(dOut, dGateUp);
        begin();
        activations.swigluBackward(dGateUp, dOut, gateUp);
    }

    @Override
    public void rope(Tensor qkv, AttentionShape shape, int firstPosition, double theta, boolean inverse) {
        KernelChecks.rope(qkv, shape, firstPosition);
        begin();
        rope.turn(qkv, shape, firstPosition, theta, inverse);
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape shape) {
        KernelChecks.attention(out, logSumExp, qkv, firstKeys, shape);
        begin();
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
        begin();
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
        begin();
        attention.cached(out, keyCache, valueCache, qkv, shape, firstPosition, window);
    }

    @Override
    public void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        KernelChecks.softmaxCrossEntropy(loss, logits, targets, classes);
        begin();
        crossEntropy.run(loss, logits, targets, classes, gradScale);
    }

    @Override
    public void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        KernelChecks.sumOfSquares(out, x, blockSize);
        begin();
        optimizer.sumOfSquares(out, x, blockSize);
    }

    @Override
    public void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        KernelChecks.adamW(w, m, v, g, copy);
        begin();
        optimizer.adamW(step, w, m, v, g);
        if (copy != null) {
            elements.copy(copy, w);
        }
    }

    @Override
    public void close() {
        optimizer.close();
        rope.close();
        masks.close();
        columnSums.close();
        scratch.close();
    }
}
