package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every backward kernel of the reference against finite differences of its forward kernel, in double, element by element. */
class ReferenceGradientTest {
    private static final double H = 1e-4;
    private static final double TOLERANCE = 1e-8;
    private static final int B = 2, T = 5, N = B * T, C = 6;

    private final Engine engine = new ReferenceEngine();
    private final Kernels k = engine.kernels();
    private final Arena arena = engine.allocate("test", 1 << 20);
    private long used;

    @AfterEach
    void close() {
        engine.close();
    }

    private Tensor tensor(DType dtype, long... dims) {
        Tensor tensor = new Tensor(arena, used, dtype, dims);
        used += (tensor.bytes() + 7) / 8 * 8;
        return tensor;
    }

    private Tensor random(long... dims) {
        Tensor tensor = tensor(DType.F64, dims);
        RandomStream random = RandomStream.of(5, "gradient-test", used);
        double[] values = new double[(int) tensor.size()];
        Arrays.setAll(values, i -> random.nextGaussian());
        Values.write(engine, tensor, values);
        return tensor;
    }

    private Tensor zeros(Tensor like) {
        return tensor(DType.F64, like.shape());
    }

    private Tensor ids(int bound, int count) {
        Tensor tensor = tensor(DType.I32, count);
        double[] values = new double[count];
        Arrays.setAll(values, i -> i * 7 % bound);
        Values.write(engine, tensor, values);
        return tensor;
    }

    /** {@code dX} must be the gradient of {@code sum(out * dOut)} with respect to {@code x}. */
    private void check(String name, Runnable forward, Tensor out, Tensor dOut, Tensor x, Tensor dX) {
        double[] values = Values.read(engine, x);
        double[] gradient = Values.read(engine, dX);
        assertThat(gradient).as(name).isNotEmpty();
        for (int i = 0; i < values.length; i++) {
            double near = at(forward, out, dOut, x, values, i, H) - at(forward, out, dOut, x, values, i, -H);
            double far = at(forward, out, dOut, x, values, i, 2 * H) - at(forward, out, dOut, x, values, i, -2 * H);
            assertThat(gradient[i])
                    .as("%s[%d]", name, i)
                    .isCloseTo((8 * near - far) / (12 * H), within(TOLERANCE * (1 + Math.abs(gradient[i]))));
        }
        Values.write(engine, x, values);
    }

    private double at(Runnable forward, Tensor out, Tensor dOut, Tensor x, double[] values, int index, double step) {
        double[] moved = values.clone();
        moved[index] += step;
        Values.write(engine, x, moved);
        forward.run();
        double[] result = Values.read(engine, out);
        double[] weights = Values.read(engine, dOut);
        double sum = 0;
        for (int i = 0; i < result.length; i++) {
            sum += result[i] * weights[i];
        }
        return sum;
    }

    @Test
    void shouldDifferentiateEmbedding() {
        Tensor tokens = ids(4, N), wte = random(4, C), wpe = random(T + 1, C), dOut = random(N, C);
        Tensor out = zeros(dOut), dWte = zeros(wte), dWpe = zeros(wpe);
        Runnable forward = () -> k.embedding(out, tokens, wte, wpe, T, 0);
        k.embeddingBackward(dWte, dWpe, tokens, dOut, T);
        check("dTokenTable", forward, out, dOut, wte, dWte);
        check("dPositionTable", forward, out, dOut, wpe, dWpe);
    }

    @ParameterizedTest
    @EnumSource
    void shouldDifferentiateLinear(WeightLayout layout) {
        Tensor x = random(N, C), w = layout == WeightLayout.OUT_IN ? random(4, C) : random(C, 4), bias = random(4);
        Tensor residual = random(N, 4), dOut = random(N, 4), out = zeros(dOut);
        Tensor dX = zeros(x), dW = zeros(w), dBias = zeros(bias);
        Runnable forward = () -> k.linear(out, x, w, layout, bias, residual);
        k.linearBackwardInput(dX, dOut, w, layout);
        k.linearBackwardWeight(dW, dBias, x, dOut, layout, true);
        check("dX", forward, out, dOut, x, dX);
        check("dW", forward, out, dOut, w, dW);
        check("dBias", forward, out, dOut, bias, dBias);
        check("dResidual", forward, out, dOut, residual, dOut);
    }

    @Test
    void shouldDifferentiateLayerNorm() {
        Tensor x = random(N, C), gamma = random(C), beta = random(C), dOut = random(N, C), out = zeros(dOut);
        Tensor mean = tensor(DType.F64, N), rstd = tensor(DType.F64, N);
        Tensor dX = zeros(x), dGamma = zeros(gamma), dBeta = zeros(beta);
        Runnable forward = () -> k.layerNorm(out, mean, rstd, x, gamma, beta, 1e-2);
        forward.run();
        k.layerNormBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        check("dX", forward, out, dOut, x, dX);
        check("dGamma", forward, out, dOut, gamma, dGamma);
        check("dBeta", forward, out, dOut, beta, dBeta);
    }

    @Test
    void shouldDifferentiateRmsNorm() {
        Tensor x = random(N, C), gamma = random(C), dOut = random(N, C), out = zeros(dOut);
        Tensor rstd = tensor(DType.F64, N), dX = zeros(x), dGamma = zeros(gamma);
        Runnable forward = () -> k.rmsNorm(out, rstd, x, gamma, 1e-2);
        forward.run();
        k.rmsNormBackward(dX, dGamma, dOut, x, gamma, rstd);
        check("dX", forward, out, dOut, x, dX);
        check("dGamma", forward, out, dOut, gamma, dGamma);
    }

    @Test
    void shouldDifferentiateGelu() {
        Tensor x = random(N, C), dOut = random(N, C), out = zeros(x), dX = zeros(x);
        k.geluBackward(dX, dOut, x);
        check("dX", () -> k.gelu(out, x), out, dOut, x, dX);
    }

    @Test
    void shouldDifferentiateSwiglu() {
        Tensor x = random(N, 2 * C), dOut = random(N, C), out = zeros(dOut), dX = zeros(x);
        k.swigluBackward(dX, dOut, x);
        check("dGateUp", () -> k.swiglu(out, x), out, dOut, x, dX);
    }

    @Test
    void shouldDifferentiateRope() {
        AttentionShape shape = new AttentionShape(B, T, 2, 1, 4);
        Tensor x = random(N, shape.qkvChannels()), dOut = random(N, shape.qkvChannels()), out = zeros(x);
        Tensor dX = zeros(x);
        k.copy(dX, dOut);
        k.rope(dX, shape, 3, 100, true);
        Runnable forward = () -> {
            k.copy(out, x);
            k.rope(out, shape, 3, 100, false);
        };
        check("dQkv", forward, out, dOut, x, dX);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDifferentiateAttention(boolean masked) {
        AttentionShape shape = new AttentionShape(B, T, 4, 2, 3);
        Tensor qkv = random(N, shape.qkvChannels()), dOut = random(N, shape.channels()), out = zeros(dOut);
        Tensor logSumExp = tensor(DType.F64, B, 4, T), dQkv = zeros(qkv);
        Tensor firstKeys = masked ? tensor(DType.I32, N) : null;
        if (firstKeys != null) {
            Values.write(engine, firstKeys, 0, 0, 2, 2, 3, 0, 1, 1, 1, 4);
        }
        Runnable forward = () -> k.attention(out, logSumExp, qkv, firstKeys, shape);
        forward.run();
        k.attentionBackward(dQkv, dOut, out, logSumExp, qkv, firstKeys, shape);
        check("dQkv", forward, out, dOut, qkv, dQkv);
    }

    @Test
    void shouldDifferentiateSoftmaxCrossEntropy() {
        Tensor logits = random(N, C), targets = ids(4, N), loss = tensor(DType.F64, N), dLogits = zeros(logits);
        Tensor scale = tensor(DType.F64, N);
        k.fill(scale, 0.25);
        k.copy(dLogits, logits);
        k.softmaxCrossEntropy(loss, dLogits, targets, 5, 0.25);
        check("dLogits", () -> k.softmaxCrossEntropy(loss, logits, targets, 5, 0), loss, scale, logits, dLogits);
    }
}
