package io.polyglow.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.model.TinyModels;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A model that has learnt to count modulo 11, seen from any start. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GeneratorTest {
    private static final int B = 11;
    private static final int T = 6;
    private static final int VOCAB = 11;

    private final ModelConfig config = TinyModels.llama(2);
    private final Engine engine = new ReferenceEngine();
    private final StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1);

    @BeforeAll
    void learnToCount() {
        int[] tokens = new int[B * T];
        int[] targets = new int[B * T];
        Arrays.setAll(tokens, i -> (i / T + i % T) % VOCAB);
        Arrays.setAll(targets, i -> (tokens[i] + 1) % VOCAB);
        model.parameters().initialise(1);
        model.setTokens(0, tokens);
        model.setTargets(0, targets);
        Tensor w = model.parameters().flat();
        try (GradientSet gradients = model.newGradients();
                Arena moments = engine.allocate("optimizer", 2 * w.bytes())) {
            Tensor m = new Tensor(moments, 0, w.dtype(), w.size());
            Tensor v = new Tensor(moments, w.bytes(), w.dtype(), w.size());
            for (int step = 1; step <= 60; step++) {
                gradients.begin();
                model.forward(0);
                model.backward(0, gradients, 1.0 / (B * T));
                AdamWStep scalars =
                        new AdamWStep(0.02, 0.9, 0.95, 1e-8, 0, 1 - Math.pow(0.9, step), 1 - Math.pow(0.95, step), 1);
                engine.kernels().adamW(scalars, w, m, v, gradients.flat(), null);
            }
        }
        assertThat(model.lossSum(0) / (B * T)).isLessThan(0.1);
    }

    @AfterAll
    void close() {
        model.close();
        engine.close();
    }

    private Generator generator(int batch) {
        return new Generator(engine, config, model.parameters(), config.vocabSize(), batch);
    }

    @Test
    void shouldCountOnWhenPromptsHaveDifferentLengths() {
        List<int[]> prompts = List.of(new int[] {3, 4, 5, 6}, new int[] {9}, new int[] {0, 1}, new int[] {7, 8});
        try (Generator generator = generator(3)) {
            assertThat(generator.generate(prompts, Sampling.greedy(2, List.of())))
                    .containsExactly(new int[] {7, 8}, new int[] {10, 0}, new int[] {2, 3}, new int[] {9, 10});
        }
    }

    @Test
    void shouldCountTheTokensOfPrefillAndDecode() {
        List<int[]> prompts = List.of(new int[] {3, 4, 5}, new int[] {6, 7, 8});
        try (Generator generator = generator(2)) {
            generator.generate(prompts, Sampling.greedy(4, List.of()));
            assertThat(generator.speed().prefillTokens()).isEqualTo(6);
            assertThat(generator.speed().decodeTokens()).isEqualTo(2 * 3);
            assertThat(generator.speed().decodeTokensPerSecond()).isPositive();
        }
    }

    /** A model may have more ids than its tokenizer, for sizes that divide well. */
    @Test
    void shouldNeverPickAnIdThatTheTokenizerLacks() {
        try (Generator generator = new Generator(engine, config, model.parameters(), 7, 1)) {
            List<int[]> prompts = List.of(new int[] {5, 6});
            int[] likeliest =
                    generator.generate(prompts, Sampling.greedy(3, List.of())).get(0);
            assertThat(Arrays.stream(likeliest)).as("7 would follow").hasSize(3).allMatch(id -> id < 7);
            int[] any = generator
                    .generate(prompts, new Sampling(4, List.of(), 100, 0, 1, 1))
                    .get(0);
            assertThat(Arrays.stream(any)).hasSize(4).allMatch(id -> id < 7);
        }
    }

    @Test
    void shouldStopAtAStopToken() {
        try (Generator generator = generator(2)) {
            assertThat(generator.generate(List.of(new int[] {3, 4}, new int[] {8}), Sampling.greedy(4, List.of(6, 9))))
                    .containsExactly(new int[] {5}, new int[] {});
        }
    }

    @Test
    void shouldGoOnWhenTheContextIsFull() {
        int[] expected = new int[20];
        Arrays.setAll(expected, i -> (i + 3) % VOCAB);
        int[] longPrompt = new int[40];
        Arrays.setAll(longPrompt, i -> i % VOCAB);
        try (Generator generator = generator(2)) {
            List<int[]> results =
                    generator.generate(List.of(new int[] {1, 2}, longPrompt), Sampling.greedy(20, List.of()));
            assertThat(results.get(0)).containsExactly(expected);
            assertThat(results.get(1)).startsWith(40 % VOCAB, 41 % VOCAB).hasSize(20);
        }
    }

    @Test
    void shouldTellTheListenerEveryToken() {
        List<int[]> heard = new ArrayList<>();
        try (Generator generator = generator(1)) {
            generator.generate(
                    List.of(new int[] {3}, new int[] {5}),
                    Sampling.greedy(2, List.of()),
                    (prompt, token) -> heard.add(new int[] {prompt, token}));
        }
        assertThat(heard).containsExactly(new int[] {0, 4}, new int[] {0, 5}, new int[] {1, 6}, new int[] {1, 7});
    }

    @Test
    void shouldSampleByTheSeedWhateverTheBatch() {
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            prompts.add(new int[] {1});
        }
        Sampling hot = new Sampling(5, List.of(), 3, 0, 1, 17);
        try (Generator four = generator(4);
                Generator one = generator(1)) {
            List<int[]> results = four.generate(prompts, hot);
            assertThat(results).usingRecursiveComparison().isEqualTo(one.generate(prompts, hot));
            assertThat(results.stream().map(Arrays::toString).distinct().count())
                    .isGreaterThan(3);
            Sampling otherSeed = new Sampling(5, List.of(), 3, 0, 1, 18);
            assertThat(four.generate(prompts, otherSeed))
                    .usingRecursiveComparison()
                    .isNotEqualTo(results);
        }
    }

    @Test
    void shouldRefusePromptsThatCannotBeContinued() {
        try (Generator generator = generator(1)) {
            Sampling greedy = Sampling.greedy(1, List.of());
            assertThatThrownBy(() -> generator.generate(List.of(new int[0]), greedy))
                    .isInstanceOf(PolyglowException.class)
                    .hasMessageContaining("prompt 0 is empty");
            assertThatThrownBy(() -> generator.generate(List.of(new int[] {1}, new int[] {11}), greedy))
                    .isInstanceOf(PolyglowException.class)
                    .hasMessageContaining("token 11");
        }
    }
}
