package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.WatchedEngine;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinearLayerTest {
    private static TrainPlan plan(String model, int context, int micro) {
        return new TrainPlan("reference", model, context, micro, micro, "f32", 1, 0, 1, 7, Recompute.NONE);
    }

    /** What is timed must be what a step runs: the same operands in the same layout, as often. */
    @ParameterizedTest
    @ValueSource(strings = {"nano", "nano-llama"})
    void shouldListEveryProductOfAStepOnce(String model) {
        TrainPlan plan = plan(model, 8, 2);
        Map<String, Integer> expected = new TreeMap<>();
        for (LinearLayer layer : LinearLayer.of(plan)) {
            String x = dims(layer.rows(), layer.in());
            String y = dims(layer.rows(), layer.columns());
            String w = dims(layer.weightDims()) + " " + layer.layout();
            String traits = (layer.bias() ? " bias" : "") + (layer.ontoStream() ? " residual" : "");
            expected.merge("linear " + y + x + w + traits, layer.count(), Integer::sum);
            expected.merge("linearBackwardInput " + x + y + w, layer.count(), Integer::sum);
            String bias = layer.sumsBias() ? " bias" : "";
            expected.merge("linearBackwardWeight " + w + x + y + bias, layer.count(), Integer::sum);
        }

        assertThat(productsOfAStep(plan)).isEqualTo(expected);
    }

    @Test
    void shouldCutTheHeadIntoTheChunksOfTraining() {
        List<LinearLayer> layers = LinearLayer.of(plan("gpt2-124m", 257, 3));

        assertThat(layers.subList(4, 6)).extracting(LinearLayer::rows).containsExactly(386L, 385L);
        assertThat(layers.subList(4, 6)).extracting(LinearLayer::columns).containsOnly(50_304);
        assertThat(layers.subList(0, 4)).extracting(LinearLayer::layout).containsOnly(WeightLayout.IN_OUT);
        assertThat(LinearLayer.of(plan("llama-110m", 256, 4)).subList(0, 4))
                .extracting(LinearLayer::layout)
                .containsOnly(WeightLayout.OUT_IN);
    }

    private static Map<String, Integer> productsOfAStep(TrainPlan plan) {
        Map<String, Integer> calls = new TreeMap<>();
        try (Engine engine = Engines.named("reference").open(1);
                StageModel stage = new StageModel(
                        watched(engine, calls),
                        plan.shape(),
                        StagePlan.whole(plan.shape()),
                        DType.F32,
                        plan.micro(),
                        plan.context(),
                        1);
                GradientSet gradients = stage.newGradients()) {
            stage.parameters().initialise(0);
            int[] ids = new int[plan.micro() * plan.context()];
            stage.setTokens(0, ids);
            stage.setTargets(0, ids);
            stage.forward(0);
            stage.backward(0, gradients, 1);
        }
        return calls;
    }

    private static Engine watched(Engine engine, Map<String, Integer> calls) {
        return WatchedEngine.of(engine, (method, arguments) -> {}, (kernel, arguments) -> {
            if (kernel.startsWith("linear")) {
                calls.merge(text(kernel, arguments), 1, Integer::sum);
            }
        });
    }

    private static String text(String kernel, Object[] arguments) {
        String first = kernel + " " + dims(arguments[0]);
        return switch (kernel) {
            case "linear" ->
                first + dims(arguments[1]) + dims(arguments[2]) + " " + arguments[3]
                        + (arguments[4] == null ? "" : " bias") + (arguments[5] == null ? "" : " residual");
            case "linearBackwardInput" -> first + dims(arguments[1]) + dims(arguments[2]) + " " + arguments[3];
            default ->
                first + " " + arguments[4] + dims(arguments[2]) + dims(arguments[3])
                        + (arguments[1] == null ? "" : " bias");
        };
    }

    private static String dims(Object tensor) {
        Tensor of = (Tensor) tensor;
        return dims(of.dim(0), of.dim(1));
    }

    private static String dims(long... dims) {
        return Arrays.toString(dims);
    }
}
