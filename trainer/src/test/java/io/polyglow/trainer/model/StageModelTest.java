package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StageModelTest {
    private static final int B = 3;
    private static final int T = TinyModels.CONTEXT;
    private static final int MICRO_BATCHES = 3;

    /** Losses by micro-batch, gradients by name, the head use as {@code head-use}. */
    private record Result(List<Double> losses, Map<String, double[]> gradients) {}

    @ParameterizedTest
    @CsvSource({
        "F32, true, 2",
        "F32, true, 3",
        "F32, false, 2",
        "BF16, true, 2",
        "BF16, true, 3",
        "BF16, false, 3",
        "F64, true, 2"
    })
    void shouldGiveTheSameBitsWhenCutIntoStages(DType compute, boolean gpt2, int stages) {
        ModelConfig config = gpt2 ? TinyModels.gpt2(3) : TinyModels.llama(3);
        assertSame(run(config, compute, stages), run(config, compute, 1));
    }

    @ParameterizedTest
    @CsvSource({"F32, true, SELECTIVE, 1", "F32, true, FULL, 2", "BF16, false, SELECTIVE, 2", "BF16, false, FULL, 1"})
    void shouldGiveTheSameBitsWhenActivationsAreComputedAgain(
            DType compute, boolean gpt2, Recompute recompute, int stages) {
        ModelConfig config = gpt2 ? TinyModels.gpt2(3) : TinyModels.llama(3).withAttentionWindow(3);
        assertSame(run(config, compute, stages, recompute), run(config, compute, 1));
    }

    @Test
    void shouldKeepLessWhenMoreIsComputedAgain() {
        List<Long> bytes = new ArrayList<>();
        for (Recompute recompute : Recompute.values()) {
            ModelConfig config = TinyModels.gpt2(12);
            MemoryPlan plan =
                    StageModel.plan(config, StagePlan.whole(config), DType.BF16, B, T, MICRO_BATCHES, recompute, 1);
            bytes.add(plan.bytes("activations"));
        }
        assertThat((double) bytes.get(1) / bytes.get(0))
                .as("without norms and activations")
                .isBetween(0.6, 0.8);
        assertThat((double) bytes.get(2) / bytes.get(0))
                .as("inputs of blocks alone")
                .isLessThan(0.2);
    }

    @Test
    void shouldGiveTheSameBitsOnEveryRun() {
        ModelConfig config = TinyModels.llama(2);
        assertSame(run(config, DType.BF16, 1), run(config, DType.BF16, 1));
    }

    @ParameterizedTest
    @CsvSource({"true, 1", "true, 2", "false, 1", "false, 2"})
    void shouldLeaveGradientsAloneWhenToldThatTheyAreFinal(boolean gpt2, int stages) {
        ModelConfig config = gpt2 ? TinyModels.gpt2(3) : TinyModels.llama(3);
        try (Engine engine = new ReferenceEngine()) {
            for (int s = 0; s < stages; s++) {
                StagePlan plan = StagePlan.of(config, s, stages);
                try (StageModel model = new StageModel(engine, config, plan, DType.F32, B, T, 1);
                        GradientSet gradients = model.newGradients();
                        GradientSet untold = model.newGradients()) {
                    TinyModels.randomise(engine, model.parameters(), 1);
                    Map<Long, double[]> told = new TreeMap<>();
                    pass(engine, model);
                    model.backward(0, gradients, 1, from -> told.put(from, finalPart(engine, gradients, from)));
                    pass(engine, model);
                    model.backward(0, untold, 1);

                    assertThat(told).hasSize(plan.layers() + 1).containsKey(0L);
                    told.forEach((from, values) ->
                            assertThat(values).as("from %d", from).isEqualTo(finalPart(engine, gradients, from)));
                    assertThat(told.get(0L)).isEqualTo(finalPart(engine, untold, 0));
                }
            }
        }
    }

    private static double[] finalPart(Engine engine, GradientSet gradients, long from) {
        Tensor flat = gradients.flat();
        return from == flat.size() ? new double[0] : Values.read(engine, flat.slice(from, flat.size() - from));
    }

    /** A forward pass and what the next stage would send, the same each time. */
    private static void pass(Engine engine, StageModel model) {
        randomise(engine, model.input(0), "stream");
        model.setTokens(0, TinyModels.tokens(B * T, 1));
        model.setTargets(0, TinyModels.tokens(B * T, 2));
        model.forward(0);
        randomise(engine, model.streamGradient(), "gradient");
    }

    private static void randomise(Engine engine, Tensor tensor, String name) {
        RandomStream random = RandomStream.of(1, name, 0);
        double[] values = new double[(int) tensor.size()];
        Arrays.setAll(values, i -> random.nextGaussian());
        Values.write(engine, tensor, values);
    }

    private static void assertSame(Result actual, Result expected) {
        assertThat(actual.losses).isEqualTo(expected.losses);
        assertThat(actual.gradients.keySet()).isEqualTo(expected.gradients.keySet());
        actual.gradients.forEach((name, values) -> {
            assertThat(values).as(name).isEqualTo(expected.gradients.get(name));
            assertThat(Arrays.stream(values).anyMatch(value -> value != 0))
                    .as(name)
                    .isTrue();
        });
    }

    /** All forwards, then all backwards, each micro-batch in its own slot. */
    private static Result run(ModelConfig config, DType compute, int stages) {
        return run(config, compute, stages, Recompute.NONE);
    }

    private static Result run(ModelConfig config, DType compute, int stages, Recompute recompute) {
        List<Double> losses = new ArrayList<>();
        Map<String, double[]> byName = new TreeMap<>();
        try (Engine engine = new ReferenceEngine()) {
            List<StageModel> models = new ArrayList<>();
            List<GradientSet> gradients = new ArrayList<>();
            for (int s = 0; s < stages; s++) {
                StagePlan plan = StagePlan.of(config, s, stages);
                models.add(new StageModel(engine, config, plan, compute, B, T, MICRO_BATCHES, recompute));
                TinyModels.randomise(engine, models.get(s).parameters(), 1);
                gradients.add(models.get(s).newGradients());
            }
            for (int m = 0; m < MICRO_BATCHES; m++) {
                forward(engine, models, m);
            }
            for (int m = 0; m < MICRO_BATCHES; m++) {
                backward(engine, models, gradients, m);
                losses.add(models.get(stages - 1).lossSum(m));
            }
            gradients.forEach(set -> collect(engine, set, byName));
        }
        return new Result(losses, byName);
    }

    private static void forward(Engine engine, List<StageModel> models, int slot) {
        int last = models.size() - 1;
        models.get(0).setTokens(slot, TinyModels.tokens(B * T, slot));
        models.get(last).setTargets(slot, TinyModels.tokens(B * T, 10 + slot));
        for (int s = 0; s <= last; s++) {
            if (s > 0) {
                engine.kernels()
                        .copy(models.get(s).input(slot), models.get(s - 1).output(slot));
            }
            models.get(s).forward(slot);
        }
    }

    private static void backward(Engine engine, List<StageModel> models, List<GradientSet> gradients, int slot) {
        for (int s = models.size() - 1; s >= 0; s--) {
            if (s < models.size() - 1) {
                engine.kernels()
                        .copy(models.get(s).streamGradient(), models.get(s + 1).streamGradient());
            }
            models.get(s).backward(slot, gradients.get(s), 1.0 / (B * T * MICRO_BATCHES));
        }
    }

    private static void collect(Engine engine, GradientSet set, Map<String, double[]> byName) {
        for (int i = 0; i < set.layout().owned().size(); i++) {
            byName.put(set.layout().owned().get(i).spec().name(), Values.read(engine, set.gradient(i)));
        }
        Tensor headUse = set.headUse();
        if (headUse != null) {
            byName.put("head-use", Values.read(engine, headUse));
        }
    }

    @Test
    void shouldStayNearF32WhenComputingInBf16() {
        for (ModelConfig config : List.of(TinyModels.gpt2(2), TinyModels.llama(2))) {
            Result exact = run(config, DType.F32, 1);
            Result mixed = run(config, DType.BF16, 1);
            double error = 0;
            double norm = 0;
            for (String name : exact.gradients.keySet()) {
                double[] a = exact.gradients.get(name);
                double[] b = Objects.requireNonNull(mixed.gradients.get(name));
                for (int i = 0; i < a.length; i++) {
                    error += (a[i] - b[i]) * (a[i] - b[i]);
                    norm += a[i] * a[i];
                }
            }
            assertThat(Math.sqrt(error / norm))
                    .as("relative error of all gradients")
                    .isBetween(1e-5, 0.05);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldOverfitOneBatch(DType compute) {
        ModelConfig config = TinyModels.llama(2);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), compute, B, T, 1);
                GradientSet gradients = model.newGradients();
                Arena moments = engine.allocate(
                        "optimizer", 2 * model.parameters().flat().bytes())) {
            Tensor w = model.parameters().flat();
            Tensor m = new Tensor(moments, 0, w.dtype(), w.size());
            Tensor v = new Tensor(moments, w.bytes(), w.dtype(), w.size());
            model.parameters().initialise(1);
            model.setTokens(0, TinyModels.tokens(B * T, 1));
            model.setTargets(0, TinyModels.tokens(B * T, 2));
            for (int step = 1; step <= 150; step++) {
                gradients.begin();
                model.forward(0);
                model.backward(0, gradients, 1.0 / (B * T));
                AdamWStep scalars =
                        new AdamWStep(0.02, 0.9, 0.95, 1e-8, 0, 1 - Math.pow(0.9, step), 1 - Math.pow(0.95, step), 1);
                engine.kernels().adamW(scalars, w, m, v, gradients.flat(), null);
                model.parameters().refreshComputeCopies();
            }
            model.evaluate(0);
            assertThat(model.lossSum(0) / (B * T)).isLessThan(0.01);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldForgetTheOldSumOfGradientsWhenANewOneBegins(boolean llama) {
        ModelConfig config = llama ? TinyModels.llama(2) : TinyModels.gpt2(2);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1);
                GradientSet first = model.newGradients();
                GradientSet used = model.newGradients()) {
            model.parameters().initialise(1);
            model.setTokens(0, TinyModels.tokens(B * T, 1));
            model.setTargets(0, TinyModels.tokens(B * T, 2));
            pass(model, first, 1);
            pass(model, used, 0.5);
            engine.kernels().fill(used.headUse() == null ? used.gradient(0) : used.headUse(), Double.NaN);
            for (int i = 0; i < used.layout().owned().size(); i++) {
                engine.kernels().fill(used.gradient(i), Double.NaN);
            }
            used.begin();
            pass(model, used, 1);
            assertThat(Values.read(engine, used.flat())).isEqualTo(Values.read(engine, first.flat()));

            pass(model, first, 1);
            pass(model, used, 1);
            assertThat(Values.read(engine, used.flat()))
                    .as("second passes add")
                    .isEqualTo(Values.read(engine, first.flat()));
        }
    }

    private static void pass(StageModel model, GradientSet gradients, double scale) {
        model.forward(0);
        model.backward(0, gradients, scale);
    }

    @Test
    void shouldStartNearTheEntropyOfTheVocabulary() {
        ModelConfig config = TinyModels.gpt2(2);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1)) {
            model.parameters().initialise(1);
            model.setTokens(0, TinyModels.tokens(B * T, 1));
            int[] targets = TinyModels.tokens(B * T, 2);
            targets[0] = -1;
            model.setTargets(0, targets);
            model.evaluate(0);
            double[] losses = new double[B * T];
            model.losses(0, losses);
            assertThat(losses[0]).isZero();
            assertThat(losses[1]).isBetween(2.0, 2.8);
            assertThat(model.lossSum(0)).isEqualTo(sum(losses));
        }
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    /** Two documents in one sequence: each gets the losses that it has alone, as far as positions are relative. */
    @Test
    void shouldKeepPackedDocumentsApart() {
        ModelConfig config = TinyModels.llama(2);
        int border = 3;
        int[] tokens = TinyModels.tokens(T, 1), targets = TinyModels.tokens(T, 2);
        int[] firstKeys = new int[T];
        Arrays.fill(firstKeys, border, T, border);
        double[] packed = losses(config, T, tokens, targets, firstKeys);
        double[] mixed = losses(config, T, tokens, targets, null);
        int[] restTokens = Arrays.copyOfRange(tokens, border, T), restTargets = Arrays.copyOfRange(targets, border, T);
        double[] alone = losses(config, T - border, restTokens, restTargets, null);
        assertThat(Arrays.copyOf(packed, border)).isEqualTo(Arrays.copyOf(mixed, border));
        assertThat(Arrays.copyOfRange(packed, border, T)).containsExactly(alone, within(1e-12));
        assertThat(Math.abs(mixed[T - 1] - alone[T - border - 1])).isGreaterThan(1e-6);
    }

    @Test
    void shouldSeeAsFarAsTheWindowOfTheModel() {
        ModelConfig plain = TinyModels.llama(2);
        ModelConfig windowed = plain.withAttentionWindow(2);
        int[] tokens = TinyModels.tokens(T, 1), targets = TinyModels.tokens(T, 2);
        int[] firstKeys = new int[T];
        Arrays.setAll(firstKeys, t -> Math.max(0, t - 1));
        assertThat(losses(windowed, T, tokens, targets, null))
                .isEqualTo(losses(plain, T, tokens, targets, firstKeys))
                .isNotEqualTo(losses(plain, T, tokens, targets, null));
        assertThat(losses(plain.withAttentionWindow(T), T, tokens, targets, null))
                .isEqualTo(losses(plain, T, tokens, targets, null));
    }

    @Test
    void shouldRefuseFirstKeysThatAreNone() {
        ModelConfig config = TinyModels.llama(2);
        int[] tokens = TinyModels.tokens(T, 1);
        for (int[] bad : new int[][] {{0, 2}, {0, 1, 0}, {-1}}) {
            int[] firstKeys = Arrays.copyOf(bad, T);
            assertThatThrownBy(() -> losses(config, T, tokens, tokens, firstKeys))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("firstKeys[" + (bad.length - 1) + "] = " + bad[bad.length - 1]);
        }
        assertThatThrownBy(() -> losses(config, T, tokens, tokens, new int[T - 1]))
                .hasMessageContaining((T - 1) + " first keys for " + T + " rows");
    }

    private static double[] losses(
            ModelConfig config, int time, int[] tokens, int[] targets, int @Nullable [] firstKeys) {
        double[] losses = new double[time];
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F64, 1, time, 1)) {
            TinyModels.randomise(engine, model.parameters(), 1);
            model.setTokens(0, tokens);
            model.setTargets(0, targets);
            model.setFirstKeys(0, firstKeys);
            model.evaluate(0);
            model.losses(0, losses);
        }
        return losses;
    }

    @ParameterizedTest
    @EnumSource
    void shouldAllocateWhatThePlanSays(Recompute recompute) {
        List<Long> allocated = new ArrayList<>();
        ModelConfig config = TinyModels.gpt2(2);
        StagePlan stage = StagePlan.of(config, 1, 2);
        MemoryPlan plan = StageModel.plan(config, stage, DType.BF16, B, T, 2, recompute, 1);
        try (Engine engine = new CountingEngine(allocated);
                StageModel model = new StageModel(engine, config, stage, DType.BF16, B, T, 2, recompute);
                GradientSet gradients = model.newGradients()) {
            assertThat(gradients.flat().bytes()).isEqualTo(plan.bytes("gradients"));
            assertThat(allocated.stream().mapToLong(Long::longValue).sum()).isEqualTo(plan.total());
        }
        assertThat(plan.byPurpose().keySet()).containsExactly("weights", "gradients", "activations", "scratch");
        assertThat(plan.toString()).matches("weights \\d+ MiB \\+ .* = \\d+ MiB");
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        ModelConfig config = TinyModels.gpt2(2);
        try (Engine engine = new ReferenceEngine();
                StageModel model = new StageModel(engine, config, StagePlan.whole(config), DType.F32, B, T, 1)) {
            assertThatThrownBy(() -> model.setTokens(0, new int[5]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("5 ids");
            assertThatThrownBy(() -> new StageModel(
                            engine, config, StagePlan.whole(config), DType.F32, B, TinyModels.CONTEXT + 1, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("context of " + TinyModels.CONTEXT);
        }
    }
}
