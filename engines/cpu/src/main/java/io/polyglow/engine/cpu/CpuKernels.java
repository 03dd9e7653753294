package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.KernelChecks;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The kernels of the CPU engine: checks the arguments, then hands over to the class of the topic. */
final class CpuKernels implements Kernels, AutoCloseable {
    private final Team team;
    private final Elements elements;
    private final Embeddings embeddings;
    private final Linear linear;
    private final Norms norms;
    private final Activations activations;
    private final Rope rope;
    private final CrossEntropy crossEntropy;
    private final Optimizer optimizer;
    private @Nullable AttentionForward lastAttention;
    private @Nullable AttentionBackward lastAttentionBackward;

    CpuKernels(Team team) {
        this.team = team;
        elements = new Elements(team);
        embeddings = new Embeddings(team);
        linear = new Linear(team);
        norms = new Norms(team);
        activations = new Activations(team);
        rope = new Rope(team);
        crossEntropy = new CrossEntropy(team);
        optimizer = new Optimizer(team);
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
        linear.sumRows(out, x, accumulate);
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
        KernelChecks.normBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        norms.backward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor gamma, double epsilon) {
        KernelChecks.norm(out, null, rstd, x, gamma, null);
        norms.forward(out, null, rstd, x, gamma, null, epsilon);
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dGamma, Tensor dOut, Tensor x, Tensor gamma, Tensor rstd) {
        KernelChecks.normBackward(dX, dGamma, null, dOut, x, gamma, null, rstd);
        norms.backward(dX, dGamma, null, dOut, x, gamma, null, rstd);
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
        if (dBias == null) {
            geluBackward(dX, dOut, x);
            return;
        }
        KernelChecks.elementwise(dX, x);
        KernelChecks.elementwise(dX, dOut);
        KernelChecks.sumRows(dBias, dX);
        activations.geluBackward(dX, dBias, dOut, x, accumulate);
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
        AttentionForward call = lastAttention != null && lastAttention.suits(shape, qkv.dtype())
                ? lastAttention.with(out, logSumExp, qkv, firstKeys)
                : AttentionForward.training(out, logSumExp, qkv, firstKeys, shape);
        lastAttention = call;
        team.run(call.tasks(), call);
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
        AttentionBackward call = lastAttentionBackward != null && lastAttentionBackward.suits(shape, qkv.dtype())
                ? lastAttentionBackward.with(dQkv, dOut, logSumExp, qkv, firstKeys)
                : new AttentionBackward(dQkv, dOut, logSumExp, qkv, firstKeys, shape);
        lastAttentionBackward = call;
        team.run(call.tasks(), call);
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
        AttentionForward call = AttentionForward.cached(out, keyCache, valueCache, qkv, shape, firstPosition, window);
        call.append(keyCache, valueCache);
        team.run(call.tasks(), call);
    }

    @Override
    public void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        KernelChecks.softmaxCrossEntropy(loss, logits, targets, classes);
        crossEntropy.run(loss, logits, targets, classes, gradScale);
    }

    @Override
    public void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        KernelChecks.sumOfSquares(out, x, blockSize);
        optimizer.sumOfSquares(out, x, blockSize);
    }

    @Override
    public void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        KernelChecks.adamW(w, m, v, g, copy);
        optimizer.adamW(step, w, m, v, g, copy);
    }

    @Override
    public void close() {
        rope.close();
    }
}
