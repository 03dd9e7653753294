package io.polyglow.benchmarks.kernels;

import io.polyglow.benchmarks.LinearLayer;
import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.model.LogitChunks;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.optim.ShardPlan;
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
        attention = shape.attentionShape(plan.micro(), plan.context());
        compute = plan.config().dtype() == DTypeChoice.BF16 ? DType.BF16 : DType.F32;
        residual = Precision.of(compute).residual();
    }

    /** All cases of a plan. */
    static List<KernelCase> of(TrainPlan plan) {
        KernelCases cases = new KernelCases(plan);
        cases.peaks();
        LinearLayer.of(plan).forEach(cases::products);
        cases.attention();
        cases.norms();
        cases.activations();
        cases.ends();
        cases.optimizer();
        return cases.cases;
    }

    private void peaks() {
        for (int size : new int[] {512, 1024, 2048}) {
            forward(
                    GEMM + " " + size,
                    new LinearLayer(GEMM, size, size, size, size, WeightLayout.OUT_IN, false, false, false, 1));
        }
        add(COPY, 0, 2.0 * COPY_ELEMENTS * Float.BYTES, (tensors, kernels) -> {
            // not zeros: pages that nobody has written are all the same one
            Tensor from = tensors.random(DType.F32, COPY_ELEMENTS);
            Tensor to = tensors.zeros(DType.F32, COPY_ELEMENTS);
            return () -> kernels.copy(to, from);
        });
    }

    private void products(LinearLayer layer) {
        forward("linear " + layer.name(), layer);
        add("input gradient " + layer.name(), layer.flops(), bytes(layer), (tensors, kernels) -> {
            Tensor dOut = tensors.random(compute, layer.rows(), layer.columns());
            Tensor w = tensors.random(compute, layer.weightDims());
            Tensor dX = tensors.zeros(compute, layer.rows(), layer.in());
            return () -> kernels.linearBackwardInput(dX, dOut, w, layer.layout());
        });
        add("weight gradient " + layer.name(), layer.flops(), bytes(layer), (tensors, kernels) -> {
            Tensor dOut = tensors.random(compute, layer.rows(), layer.columns());
            Tensor x = tensors.random(compute, layer.rows(), layer.in());
            Tensor dW = tensors.zeros(residual, layer.weightDims());
            Tensor dBias = layer.sumsBias() ? tensors.zeros(residual, layer.out()) : null;
            return () -> kernels.linearBackwardWeight(dW, dBias, x, dOut, layer.layout(), false);
        });
    }

    private void forward(String name, LinearLayer layer) {
        add(name, layer.flops(), bytes(layer), (tensors, kernels) -> {
            Tensor x = tensors.random(compute, layer.rows(), layer.in());
            Tensor w = tensors.random(compute, layer.weightDims());
            Tensor bias = layer.bias() ? tensors.random(residual, layer.out()) : null;
            Tensor stream = layer.ontoStream() ? tensors.random(residual, layer.rows(), layer.columns()) : null;
            Tensor out = tensors.zeros(layer.ontoStream() ? residual : compute, layer.rows(), layer.columns());
            return () -> kernels.linear(out, x, w, layer.layout(), bias, stream);
        });
    }

    private double bytes(LinearLayer layer) {
        double elements = (double) layer.rows() * layer.in() + (double) layer.in() * layer.out();
        return compute.bytes() * (elements + (double) layer.rows() * layer.out());
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
        if (shape.positions() == ModelConfig.Positions.ROPE) {
            double turned = (double) attention.headDim() * (attention.heads() + attention.kvHeads());
            add("rope", 0, 2 * rows * turned * compute.bytes(), (tensors, kernels) -> {
                Tensor qkv = tensors.random(compute, rows, qkvChannels);
                return () -> kernels.rope(qkv, attention, 0, shape.ropeTheta(), false);
            });
        }
    }

    private void norms() {
        String name = shape.norm() == ModelConfig.Norm.LAYERNORM ? "layer norm" : "rms norm";
        double stream = (double) rows * shape.channels() * residual.bytes();
        double narrow = (double) rows * shape.channels() * compute.bytes();
        add(name, 0, stream + narrow, (tensors, kernels) -> {
            Norm norm = new Norm(tensors);
            return () -> norm.forward(kernels);
        });
        add(name + " gradient", 0, 3 * stream + narrow, (tensors, kernels) -> {
            Norm norm = new Norm(tensors);
            norm.forward(kernels);
            return () -> norm.backward(kernels);
        });
    }

    private void activations() {
        boolean gated = shape.activation() == ModelConfig.Activation.SWIGLU;
        String name = gated ? "swiglu" : "gelu";
        int hidden = shape.hidden();
        int up = gated ? 2 * hidden : hidden;
        double in = (double) rows * up * compute.bytes();
        double out = (double) rows * hidden * compute.bytes();
        add(name, 0, in + out, (tensors, kernels) -> {
            Tensor x = tensors.random(compute, rows, up);
            Tensor y = tensors.zeros(compute, rows, hidden);
            return () -> {
                if (gated) {
                    kernels.swiglu(y, x);
                } else {
                    kernels.gelu(y, x);
                }
            };
        });
        add(name + " gradient", 0, 2 * in + out, (tensors, kernels) -> {
            Tensor x = tensors.random(compute, rows, up);
            Tensor dOut = tensors.random(compute, rows, hidden);
            Tensor dX = tensors.zeros(compute, rows, up);
            Tensor dBias = shape.bias() ? tensors.zeros(residual, up) : null;
            return () -> {
                if (gated) {
                    kernels.swigluBackward(dX, dOut, x);
                } else {
                    kernels.geluBackward(dX, dBias, dOut, x, false);
                }
            };
        });
    }

    /** What comes before the first block and after the last. */
    private void ends() {
        int V = shape.vocabSize();
        int T = attention.time();
        boolean learned = shape.positions() == ModelConfig.Positions.LEARNED;
        double stream = (double) rows * shape.channels() * residual.bytes();
        double positions = learned ? (double) T * shape.channels() * residual.bytes() : 0;
        add("embedding", 0, 2 * stream + positions, (tensors, kernels) -> {
            Tensor tokens = tensors.ids(V, rows);
            Tensor table = tensors.random(residual, V, shape.channels());
            Tensor places = learned ? tensors.random(residual, T, shape.channels()) : null;
            Tensor out = tensors.zeros(residual, rows, shape.channels());
            return () -> kernels.embedding(out, tokens, table, places, T, 0);
        });
        add("embedding gradient", 0, 3 * stream + 2 * positions, (tensors, kernels) -> {
            Tensor tokens = tensors.ids(V, rows);
            Tensor dTable = tensors.zeros(residual, V, shape.channels());
            Tensor dPlaces = learned ? tensors.zeros(residual, T, shape.channels()) : null;
            Tensor dOut = tensors.random(residual, rows, shape.channels());
            return () -> kernels.embeddingBackward(dTable, dPlaces, tokens, dOut, T);
        });
        LogitChunks chunks = LogitChunks.of(shape, rows);
        int n = Math.toIntExact(chunks.chunkRows());
        add("softmax cross-entropy", 0, 2.0 * n * V * compute.bytes(), (tensors, kernels) -> {
            Tensor logits = tensors.random(compute, n, chunks.columns());
            Tensor targets = tensors.ids(V, n);
            Tensor loss = tensors.zeros(residual, n);
            return () -> kernels.softmaxCrossEntropy(loss, logits, targets, V, 1e-3);
        });
    }

    private void optimizer() {
        long elements = ParameterTable.of(shape).stream()
                .filter(parameter -> parameter.layer() == 0)
                .mapToLong(ParameterSpec::size)
                .sum();
        double copied = compute == DType.BF16 ? compute.bytes() : 0;
        add("adamw of a block", 0, (7.0 * Float.BYTES + copied) * elements, (tensors, kernels) -> {
            Tensor w = tensors.random(DType.F32, elements);
            Tensor m = tensors.zeros(DType.F32, elements);
            Tensor v = tensors.zeros(DType.F32, elements);
            Tensor g = tensors.random(DType.F32, elements);
            Tensor copy = compute == DType.BF16 ? tensors.zeros(compute, elements) : null;
            return () -> kernels.adamW(STEP, w, m, v, g, copy);
        });
        add("squared norm of a block", 0, (double) elements * Float.BYTES, (tensors, kernels) -> {
            Tensor g = tensors.random(DType.F32, elements);
            Tensor sums = tensors.zeros(DType.F64, (elements + ShardPlan.BLOCK - 1) / ShardPlan.BLOCK);
            return () -> kernels.sumOfSquares(sums, g, ShardPlan.BLOCK);
        });
    }

    private void add(String name, double flops, double bytes, KernelCase.Setup setup) {
        cases.add(new KernelCase(name, flops, bytes, setup));
    }

    /** Tensors of a LayerNorm, or of an RMSNorm, which has no mean and no bias. */
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
            if (shape.norm() == ModelConfig.Norm.LAYERNORM) {
                kernels.layerNorm(out, mean, rstd, x, gain, bias, shape.normEpsilon());
            } else {
                kernels.rmsNorm(out, rstd, x, gain, shape.normEpsilon());
            }
        }

        void backward(Kernels kernels) {
            if (shape.norm() == ModelConfig.Norm.LAYERNORM) {
                kernels.layerNormBackward(dX, dGain, dBias, dOut, x, gain, mean, rstd);
            } else {
                kernels.rmsNormBackward(dX, dGain, dOut, x, gain, rstd);
            }
        }
    }
}
