package io.polyglow.benchmarks.kernels;

import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The kernels of a plan's training step at the shapes that they have there, and two that show what the machine can do. */
final class KernelCases {
    /** Prefix of products at shapes that suit the library; the fastest product of all is the peak. */
    static final String GEMM = "gemm";

    /** The copy of a large tensor: the peak of memory. */
    static final String COPY = "copy";

    private static final int HEAD_CHUNK = 8192;
    private static final long COPY_ELEMENTS = 32 << 20;
    private static final AdamWStep STEP = new AdamWStep(1e-4, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05, 1);

    private final List<KernelCase> cases = new ArrayList<>();
    private final ModelConfig shape;
    private final int rows;
    private final AttentionShape attention;
    private final DType compute;
    private final DType residual;

    private KernelCases(TrainPlan plan) {
        shape = plan.shape();
        rows = plan.micro() * plan.context();
        int headDim = shape.channels() / shape.heads();
        attention = new AttentionShape(plan.micro(), plan.context(), shape.heads(), shape.kvHeads(), headDim);
        compute = plan.config().dtype() == DTypeChoice.BF16 ? DType.BF16 : DType.F32;
        residual = Precision.of(compute).residual();
    }

    /** All cases of a plan. */
    static List<KernelCase> of(TrainPlan plan) {
        KernelCases cases = new KernelCases(plan);
        cases.peaks();
        cases.products();
        cases.attention();
        cases.elementwise();
        cases.optimizer();
        return cases.cases;
    }

    private void peaks() {
        for (int size : new int[] {512, 1024, 2048}) {
            linear(GEMM + " " + size, size, size, size, false);
        }
        add(COPY, 0, 2.0 * COPY_ELEMENTS * Float.BYTES, (tensors, kernels) -> {
            Tensor from = tensors.zeros(DType.F32, COPY_ELEMENTS);
            Tensor to = tensors.zeros(DType.F32, COPY_ELEMENTS);
            return () -> kernels.copy(to, from);
        });
    }

    private void products() {
        int channels = shape.channels();
        int hidden = shape.hidden();
        int up = shape.gpt2Names() ? hidden : 2 * hidden;
        linear("linear qkv", rows, channels, attention.qkvChannels(), shape.bias());
        linear("linear up", rows, channels, up, shape.bias());
        linear("linear down", rows, hidden, channels, shape.bias());
        int chunk = Math.min(HEAD_CHUNK, shape.vocabSize());
        linear("head chunk", rows, channels, chunk, false);
        backward("up", channels, up);
        backward("down", hidden, channels);
    }

    private void linear(String name, int n, int in, int out, boolean bias) {
        double bytes = compute.bytes() * ((double) n * in + (double) in * out + (double) n * out);
        add(name, 2.0 * n * in * out, bytes, (tensors, kernels) -> {
            Tensor x = tensors.random(compute, n, in);
            Tensor w = tensors.random(compute, out, in);
            Tensor b = bias ? tensors.random(residual, out) : null;
            Tensor y = tensors.zeros(compute, n, out);
            return () -> kernels.linear(y, x, w, WeightLayout.OUT_IN, b, null);
        });
    }

    private void backward(String name, int in, int out) {
        double flops = 2.0 * rows * in * out;
        double bytes = compute.bytes() * ((double) rows * in + (double) in * out + (double) rows * out);
        add("input gradient " + name, flops, bytes, (tensors, kernels) -> {
            Tensor dOut = tensors.random(compute, rows, out);
            Tensor w = tensors.random(compute, out, in);
            Tensor dX = tensors.zeros(compute, rows, in);
            return () -> kernels.linearBackwardInput(dX, dOut, w, WeightLayout.OUT_IN);
        });
        add("weight gradient " + name, flops, bytes, (tensors, kernels) -> {
            Tensor dOut = tensors.random(compute, rows, out);
            Tensor x = tensors.random(compute, rows, in);
            Tensor dW = tensors.zeros(residual, out, in);
            return () -> kernels.linearBackwardWeight(dW, null, x, dOut, WeightLayout.OUT_IN);
        });
    }

    /** Counted as if the masked half were skipped: what must be computed. */
    private void attention() {
        double pairs = (double) attention.batch() * attention.heads() * attention.time() * attention.time() / 2;
        double product = 2 * pairs * attention.headDim();
        int channels = attention.channels();
        int qkvChannels = attention.qkvChannels();
        double rowBytes = (double) rows * compute.bytes();
        add("attention", 2 * product, rowBytes * (channels + qkvChannels), (tensors, kernels) -> {
            Tensor qkv = tensors.random(compute, rows, qkvChannels);
            Tensor out = tensors.zeros(compute, rows, channels);
            Tensor lse = tensors.zeros(residual, attention.batch(), attention.heads(), attention.time());
            return () -> kernels.attention(out, lse, qkv, null, attention);
        });
        add("attention gradient", 5 * product, 2 * rowBytes * (channels + qkvChannels), (tensors, kernels) -> {
            Tensor qkv = tensors.random(compute, rows, qkvChannels);
            Tensor out = tensors.zeros(compute, rows, channels);
            Tensor lse = tensors.zeros(residual, attention.batch(), attention.heads(), attention.time());
            kernels.attention(out, lse, qkv, null, attention);
            Tensor dOut = tensors.random(compute, rows, channels);
            Tensor dQkv = tensors.zeros(compute, rows, qkvChannels);
            return () -> kernels.attentionBackward(dQkv, dOut, out, lse, qkv, null, attention);
        });
    }

    private void elementwise() {
        int channels = shape.channels();
        int hidden = shape.hidden();
        double stream = (double) rows * channels * residual.bytes();
        double narrow = (double) rows * channels * compute.bytes();
        double wide = (double) rows * hidden * compute.bytes();
        add("layer norm", 0, stream + narrow, (tensors, kernels) -> {
            Norm norm = new Norm(tensors);
            return () -> norm.forward(kernels);
        });
        add("layer norm gradient", 0, 3 * stream + narrow, (tensors, kernels) -> {
            Norm norm = new Norm(tensors);
            norm.forward(kernels);
            return () -> norm.backward(kernels);
        });
        add("gelu", 0, 2 * wide, (tensors, kernels) -> {
            Tensor x = tensors.random(compute, rows, hidden);
            Tensor out = tensors.zeros(compute, rows, hidden);
            return () -> kernels.gelu(out, x);
        });
        add("gelu gradient", 0, 3 * wide, (tensors, kernels) -> {
            Tensor x = tensors.random(compute, rows, hidden);
            Tensor dOut = tensors.random(compute, rows, hidden);
            Tensor dX = tensors.zeros(compute, rows, hidden);
            return () -> kernels.geluBackward(dX, dOut, x);
        });
        int classes = Math.min(HEAD_CHUNK, shape.vocabSize());
        add("softmax cross-entropy", 0, 2.0 * rows * classes * compute.bytes(), (tensors, kernels) -> {
            Tensor logits = tensors.random(compute, rows, classes);
            Tensor targets = tensors.ids(classes, rows);
            Tensor loss = tensors.zeros(residual, rows);
            return () -> kernels.softmaxCrossEntropy(loss, logits, targets, classes, 1e-3);
        });
    }

    private void optimizer() {
        long elements = 12L * shape.channels() * shape.channels();
        add("adamw of a block", 0, 7.0 * elements * Float.BYTES, (tensors, kernels) -> {
            Tensor w = tensors.random(DType.F32, elements);
            Tensor m = tensors.zeros(DType.F32, elements);
            Tensor v = tensors.zeros(DType.F32, elements);
            Tensor g = tensors.random(DType.F32, elements);
            return () -> kernels.adamW(STEP, w, m, v, g);
        });
    }

    private void add(String name, double flops, double bytes, KernelCase.Setup setup) {
        cases.add(new KernelCase(name, flops, bytes, setup));
    }

    /** Tensors of a LayerNorm. */
    private final class Norm {
        private final Tensor x;
        private final Tensor gain;
        private final Tensor bias;
        private final Tensor out;
        private final Tensor mean;
        private final Tensor rstd;
        private final Tensor dOut;
        private final Tensor dX;
        private final Tensor dGain;
        private final Tensor dBias;

        Norm(Tensors tensors) {
            int channels = shape.channels();
            x = tensors.random(residual, rows, channels);
            gain = tensors.random(residual, channels);
            bias = tensors.random(residual, channels);
            out = tensors.zeros(compute, rows, channels);
            mean = tensors.zeros(residual, rows);
            rstd = tensors.zeros(residual, rows);
            dOut = tensors.random(compute, rows, channels);
            dX = tensors.zeros(residual, rows, channels);
            dGain = tensors.zeros(residual, channels);
            dBias = tensors.zeros(residual, channels);
        }

        void forward(Kernels kernels) {
            kernels.layerNorm(out, mean, rstd, x, gain, bias, shape.normEpsilon());
        }

        void backward(Kernels kernels) {
            kernels.layerNormBackward(dX, dGain, dBias, dOut, x, gain, mean, rstd);
        }
    }
}
