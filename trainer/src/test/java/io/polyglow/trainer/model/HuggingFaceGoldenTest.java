package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Loss and every gradient against what Hugging Face's own GPT2LMHeadModel and LlamaForCausalLM compute in float64 from the same weights: the proof that a checkpoint
 * of ours means there what it means here. Weights are a formula of the index and of the rank of the name.
 */
class HuggingFaceGoldenTest {
    private static final int B = 2;
    private static final int T = 6;

    /** LlamaForCausalLM norms rows and turns pairs in float32, whatever the dtype of the model. */
    private static final double F32_INSIDE = 1e-6;

    @Test
    void shouldEqualGpt2() throws IOException {
        compare("golden-gpt2.txt", TinyModels.gpt2(2), 1e-11);
    }

    @Test
    void shouldEqualLlama() throws IOException {
        compare("golden-llama.txt", TinyModels.llama(2), F32_INSIDE);
    }

    @Test
    void shouldEqualLlamaWithBiasesAndTiedHead() throws IOException {
        compare(
                "golden-llama-tied-bias.txt",
                TinyModels.config(2, 2, Norm.RMSNORM, Positions.ROPE, Activation.SWIGLU, true, true),
                F32_INSIDE);
    }

    private static void compare(String golden, ModelConfig config, double tolerance) throws IOException {
        Map<String, double[]> expected = read(golden);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F64, B, T, 1);
                GradientSet gradients = model.newGradients()) {
            setWeights(engine, model.parameters(), List.copyOf(new TreeMap<>(expected).keySet()));
            int[] tokens = new int[B * T];
            int[] targets = new int[B * T];
            Arrays.setAll(tokens, i -> (i * 5 + 1) % TinyModels.VOCAB);
            Arrays.setAll(targets, i -> (i * i + 2) % TinyModels.VOCAB);
            model.setTokens(0, tokens);
            model.setTargets(0, targets);
            model.forward(0);
            model.backward(0, gradients, 1.0 / (B * T));
            Tensor headUse = gradients.headUse();
            if (headUse != null) {
                engine.kernels().add(gradients.gradient(0), headUse);
            }
            double[] loss = Objects.requireNonNull(expected.remove("loss"));
            assertThat(model.lossSum(0) / (B * T)).isCloseTo(loss[0], within(tolerance));
            assertThat(gradients.layout().owned()).hasSameSizeAs(expected.keySet());
            for (int i = 0; i < gradients.layout().owned().size(); i++) {
                String name = gradients.layout().owned().get(i).spec().name();
                double[] g = Values.read(engine, gradients.gradient(i));
                double[] summary = {norm(g), g[0], g[g.length - 1]};
                assertThat(summary).as(name).containsExactly(expected.get(name), within(tolerance));
            }
        }
    }

    private static Map<String, double[]> read(String golden) throws IOException {
        Map<String, double[]> numbers = new TreeMap<>();
        try (InputStream in = Objects.requireNonNull(HuggingFaceGoldenTest.class.getResourceAsStream(golden), golden)) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (!line.startsWith("#")) {
                    List<String> fields = List.of(line.split(" "));
                    numbers.put(
                            fields.get(0),
                            fields.stream()
                                    .skip(1)
                                    .mapToDouble(Double::parseDouble)
                                    .toArray());
                }
            }
        }
        return numbers;
    }

    private static void setWeights(Engine engine, ParameterSet parameters, List<String> sorted) {
        List<String> names =
                sorted.stream().filter(name -> !name.equals("loss")).toList();
        for (int p = 0; p < parameters.layout().owned().size(); p++) {
            Placed placed = parameters.layout().owned().get(p);
            long rank = names.indexOf(placed.spec().name());
            double[] values = new double[(int) placed.spec().size()];
            Arrays.setAll(
                    values, i -> placed.spec().mean() + 0.8 * ((i * 7919L + rank * 104729L) % 2003 / 2003.0 - 0.5));
            Values.write(engine, parameters.parameter(p), values);
        }
    }

    private static double norm(double[] values) {
        double squares = 0;
        for (double value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }
}
