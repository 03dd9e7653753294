package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of whole models against finite differences in double: every parameter along a random direction, and some element by element. */
class ModelGradientTest {
    private static final int B = 2;
    private static final int T = TinyModels.CONTEXT - 1;
    private static final double SCALE = 1.0 / (B * T);
    private static final double H = 1e-5;
    private static final double TOLERANCE = 1e-7;

    static List<ModelConfig> allConfigs() {
        return TinyModels.all();
    }

    @ParameterizedTest
    @MethodSource("allConfigs")
    void shouldEqualFiniteDifferencesAlongADirection(ModelConfig config) {
        try (Engine engine = new ReferenceEngine();
                StageModel model = model(engine, config);
                GradientSet gradients = model.newGradients()) {
            double[][] exact = gradient(engine, model, gradients);
            for (int p = 0; p < exact.length; p++) {
                double[] direction = new double[exact[p].length];
                RandomStream random = RandomStream.of(3, "direction", p);
                double expected = 0;
                for (int i = 0; i < direction.length; i++) {
                    direction[i] = random.nextGaussian();
                    expected += direction[i] * exact[p][i];
                }
                String name = model.parameters().layout().owned().get(p).spec().name();
                assertThat(difference(engine, model, p, direction))
                        .as(name)
                        .isCloseTo(expected, within(TOLERANCE * (1 + Math.abs(expected))));
            }
        }
    }

    @Test
    void shouldEqualFiniteDifferencesElementByElement() {
        for (ModelConfig config : List.of(TinyModels.gpt2(1), TinyModels.llama(1))) {
            try (Engine engine = new ReferenceEngine();
                    StageModel model = model(engine, config);
                    GradientSet gradients = model.newGradients()) {
                double[][] exact = gradient(engine, model, gradients);
                for (int p = 0; p < exact.length; p++) {
                    for (int i = 0; i < exact[p].length; i += 7) {
                        double[] direction = new double[exact[p].length];
                        direction[i] = 1;
                        String name = model.parameters()
                                .layout()
                                .owned()
                                .get(p)
                                .spec()
                                .name();
                        assertThat(difference(engine, model, p, direction))
                                .as("%s[%d]", name, i)
                                .isCloseTo(exact[p][i], within(TOLERANCE));
                    }
                }
            }
        }
    }

    private static StageModel model(Engine engine, ModelConfig config) {
        StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F64, B, T, 1);
        TinyModels.randomise(engine, model.parameters(), 1);
        model.setTokens(0, TinyModels.tokens(B * T, 1));
        int[] targets = TinyModels.tokens(B * T, 2);
        targets[3] = -1;
        model.setTargets(0, targets);
        return model;
    }

    /** By parameter; both uses of a shared one added. */
    private static double[][] gradient(Engine engine, StageModel model, GradientSet gradients) {
        model.forward(0);
        model.backward(0, gradients, SCALE);
        double[][] values = new double[model.parameters().layout().owned().size()][];
        Tensor headUse = gradients.headUse();
        if (headUse != null) {
            engine.kernels().add(gradients.gradient(0), headUse);
        }
        for (int p = 0; p < values.length; p++) {
            values[p] = Values.read(engine, gradients.gradient(p));
        }
        return values;
    }

    /** The five-point stencil, whose error falls with the fourth power of the step. */
    private static double difference(Engine engine, StageModel model, int parameter, double[] direction) {
        Tensor tensor = model.parameters().parameter(parameter);
        double[] values = Values.read(engine, tensor);
        double near = lossAt(engine, model, tensor, values, direction, H)
                - lossAt(engine, model, tensor, values, direction, -H);
        double far = lossAt(engine, model, tensor, values, direction, 2 * H)
                - lossAt(engine, model, tensor, values, direction, -2 * H);
        Values.write(engine, tensor, values);
        return (8 * near - far) / (12 * H);
    }

    private static double lossAt(
            Engine engine, StageModel model, Tensor parameter, double[] values, double[] direction, double step) {
        double[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += step * direction[i];
        }
        Values.write(engine, parameter, moved);
        model.evaluate(0);
        return SCALE * model.lossSum(0);
    }
}
