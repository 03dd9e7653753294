package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.tensor.DType;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CachedModelTest {
    private static final int B = 2;
    private static final int T = TinyModels.CONTEXT;

    static List<ModelConfig> allConfigs() {
        return TinyModels.all();
    }

    /** The loss of a target is minus the log of its probability, so losses show whether logits are right. */
    @ParameterizedTest
    @MethodSource("allConfigs")
    void shouldPredictWhatTheWholeSequencePredicts(ModelConfig config) {
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F64, B, T, 1)) {
            TinyModels.randomise(engine, model.parameters(), 1);
            int[] tokens = TinyModels.tokens(B * T, 1);
            int[] targets = TinyModels.tokens(B * T, 2);
            model.setTokens(0, tokens);
            model.setTargets(0, targets);
            model.evaluate(0);
            double[] expected = new double[B * T];
            model.losses(0, expected);
            for (int prefill = 1; prefill <= T; prefill++) {
                assertThat(cachedLosses(engine, config, model.parameters(), tokens, targets, prefill))
                        .as("prefill %d", prefill)
                        .containsExactly(from(expected, prefill - 1), within(1e-9));
            }
        }
    }

    /** Losses of positions {@code prefill - 1 ...}, sequence by sequence. */
    private static double[] cachedLosses(
            Engine engine, ModelConfig config, ParameterSet parameters, int[] tokens, int[] targets, int prefill) {
        double[] losses = new double[B * T];
        double[] logits = new double[B * config.vocabSize()];
        try (CachedModel cached = new CachedModel(engine, config, parameters, B)) {
            for (int t = prefill - 1, fed = 0; t < T; fed = ++t) {
                cached.feed(columns(tokens, fed, t + 1), t + 1 - fed, fed);
                cached.logits(logits);
                for (int b = 0; b < B; b++) {
                    losses[b * T + t] = loss(logits, b * config.vocabSize(), config.vocabSize(), targets[b * T + t]);
                }
            }
        }
        return from(losses, prefill - 1);
    }

    private static double loss(double[] logits, int from, int count, int target) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.exp(logits[from + i]);
        }
        return Math.log(sum) - logits[from + target];
    }

    private static int[] columns(int[] tokens, int from, int to) {
        int[] part = new int[B * (to - from)];
        for (int b = 0; b < B; b++) {
            System.arraycopy(tokens, b * T + from, part, b * (to - from), to - from);
        }
        return part;
    }

    private static double[] from(double[] values, int first) {
        double[] part = new double[B * (T - first)];
        for (int b = 0; b < B; b++) {
            System.arraycopy(values, b * T + first, part, b * (T - first), T - first);
        }
        return part;
    }

    @Test
    void shouldFeedLongPromptsInBoundedPasses() {
        ModelConfig config = TinyModels.llama(1);
        int many = 700;
        int[] tokens = new int[many * 2];
        Arrays.setAll(tokens, i -> (i / 2) % 3 + (i % 2) * 3);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1);
                CachedModel together = new CachedModel(engine, config, model.parameters(), many);
                CachedModel alone = new CachedModel(engine, config, model.parameters(), 1)) {
            TinyModels.randomise(engine, model.parameters(), 1);
            double[] all = new double[many * config.vocabSize()];
            together.feed(tokens, 2, 0);
            together.logits(all);
            double[] one = new double[config.vocabSize()];
            alone.feed(new int[] {tokens[2], tokens[3]}, 2, 0);
            alone.logits(one);
            assertThat(Arrays.copyOfRange(all, config.vocabSize(), 2 * config.vocabSize()))
                    .containsExactly(one, within(1e-5));
        }
    }

    @Test
    void shouldRefuseMoreThanTheContext() {
        ModelConfig config = TinyModels.llama(1);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1);
                CachedModel cached = new CachedModel(engine, config, model.parameters(), 1)) {
            assertThatThrownBy(() -> cached.feed(new int[2], 2, T - 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
