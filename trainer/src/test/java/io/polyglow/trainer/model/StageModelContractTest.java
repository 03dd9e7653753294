package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import io.polyglow.trainer.tensor.DType;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whole models on an engine: loss and all gradients near those of the reference in double, and the same bits for 1, 2 and 3 threads. */
public abstract class StageModelContractTest {
    private static final int B = 3;
    private static final int T = 29;
    private static final int V = 207;
    private static final ModelConfig GPT2 = new ModelConfig(
            3, 4, 0, 52, 100, V, 31, 0, Norm.LAYERNORM, Positions.LEARNED, Activation.GELU, true, true, 10_000, 1e-5);
    private static final ModelConfig LLAMA = new ModelConfig(
            3, 4, 2, 56, 100, V, 31, 0, Norm.RMSNORM, Positions.ROPE, Activation.SWIGLU, false, false, 10_000, 1e-5);

    private record Result(double loss, List<Double> gradients) {}

    /** Opens the engine under test with this many threads. */
    protected abstract Engine open(int threads);

    @Test
    void shouldComputeWhatTheReferenceComputes() {
        for (ModelConfig config : List.of(GPT2, LLAMA)) {
            Result exact = run(new ReferenceEngine(), DType.F64, config);
            for (DType compute : computeTypes()) {
                Result result = run(open(2), compute, config);
                boolean narrow = compute == DType.BF16;
                assertThat(result.loss).as("loss in %s", compute).isCloseTo(exact.loss, within(narrow ? 2e-3 : 1e-5));
                assertThat(distance(result.gradients, exact.gradients))
                        .as("relative distance of all gradients in %s", compute)
                        .isLessThan(narrow ? 0.02 : 1e-5);
            }
        }
    }

    @Test
    void shouldGiveTheSameBitsForAnyNumberOfThreads() {
        for (ModelConfig config : List.of(GPT2, LLAMA)) {
            for (DType compute : computeTypes()) {
                Result one = run(open(1), compute, config);
                for (int threads = 1; threads <= 3; threads++) {
                    assertThat(run(open(threads), compute, config))
                            .as("%s on %d threads", compute, threads)
                            .isEqualTo(one);
                }
            }
        }
    }

    @Test
    void shouldGiveTheSameBitsWhicheverActivationsAreComputedAgain() {
        for (ModelConfig config : List.of(GPT2, LLAMA)) {
            for (DType compute : computeTypes()) {
                Result kept = run(open(2), compute, config);
                for (Recompute recompute : List.of(Recompute.SELECTIVE, Recompute.FULL)) {
                    assertThat(run(open(2), compute, config, recompute))
                            .as("%s, %s computed again", compute, recompute)
                            .isEqualTo(kept);
                }
            }
        }
    }

    private List<DType> computeTypes() {
        try (Engine engine = open(1)) {
            return List.copyOf(engine.computeTypes());
        }
    }

    private static Result run(Engine opened, DType compute, ModelConfig config) {
        return run(opened, compute, config, Recompute.NONE);
    }

    private static Result run(Engine opened, DType compute, ModelConfig config, Recompute recompute) {
        try (Engine engine = opened;
                StageModel model =
                        new StageModel(engine, config, StagePlan.whole(config), compute, B, T, 1, recompute);
                GradientSet gradients = model.newGradients()) {
            model.parameters().initialise(1);
            model.setTokens(0, ids(31));
            model.setTargets(0, ids(17));
            model.forward(0);
            model.backward(0, gradients, 1.0 / (B * T));
            double[] all = Values.read(engine, gradients.flat());
            return new Result(
                    model.lossSum(0) / (B * T), Arrays.stream(all).boxed().toList());
        }
    }

    private static int[] ids(int stride) {
        int[] ids = new int[B * T];
        Arrays.setAll(ids, i -> (i * i + i * stride) % V);
        return ids;
    }

    private static double distance(List<Double> actual, List<Double> expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            error += Math.pow(actual.get(i) - expected.get(i), 2);
            norm += Math.pow(expected.get(i), 2);
        }
        return Math.sqrt(error / norm);
    }
}
