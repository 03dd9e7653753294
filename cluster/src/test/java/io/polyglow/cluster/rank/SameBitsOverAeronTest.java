package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every layout computes the bits of one rank with the transport, collectives, schedules and engines that users run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameBitsOverAeronTest {
    private static final int STEPS = 4;
    private static final List<String> MODELS = List.of("gpt2", "llama");
    private static final List<String> MATHS = List.of("reference f32", "cpu f32", "cpu bf16", "reference bf16");
    private static final List<String> LAYOUTS = List.of(
            "data=2 zero=0",
            "data=2 zero=1",
            "data=4 zero=0",
            "data=4 zero=1",
            "pipeline=2 schedule=gpipe zero=0",
            "pipeline=2 schedule=gpipe zero=1",
            "pipeline=2 schedule=1f1b zero=0",
            "pipeline=2 schedule=1f1b zero=1",
            "data=2 pipeline=2 schedule=gpipe zero=0",
            "data=2 pipeline=2 schedule=gpipe zero=1",
            "data=2 pipeline=2 schedule=1f1b zero=0",
            "data=2 pipeline=2 schedule=1f1b zero=1");

    /** What must not depend on the layout. */
    private record Trace(List<Double> losses, List<Double> norms, String weights) {}

    private final TokenDataset corpus = TestCorpus.of(3000);
    private final Map<String, Trace> singleRank = new HashMap<>();

    /** Every layout on two kinds of arithmetic, one for each model. */
    static Stream<Arguments> selection() {
        return IntStream.range(0, LAYOUTS.size()).boxed().flatMap(layout -> IntStream.range(0, MODELS.size())
                .mapToObj(model -> Arguments.of(
                        MODELS.get(model), MATHS.get((layout + 2 * model) % MATHS.size()), LAYOUTS.get(layout))));
    }

    static Stream<Arguments> all() {
        return MODELS.stream().flatMap(model -> MATHS.stream()
                .flatMap(maths -> LAYOUTS.stream().map(layout -> Arguments.of(model, maths, layout))));
    }

    @ParameterizedTest(name = "{0} in {1} on {2}")
    @MethodSource("selection")
    void shouldGiveTheBitsOfOneRankWhenTheLayoutChanges(String model, String maths, String layout) throws Exception {
        assertThat(whole(model, maths, layout)).isEqualTo(oneRank(model, maths));
    }

    @Tag("nightly")
    @ParameterizedTest(name = "{0} in {1} on {2}")
    @MethodSource("all")
    void shouldGiveTheBitsOfOneRankOnTheWholeMatrix(String model, String maths, String layout) throws Exception {
        assertThat(whole(model, maths, layout)).isEqualTo(oneRank(model, maths));
    }

    @ParameterizedTest(name = "{0} in {1}, on {3} after step {2}, then on {4}")
    @CsvSource({
        "llama, cpu bf16, 1, data=2 pipeline=2, data=1",
        "llama, cpu bf16, 2, data=4 zero=0, pipeline=2 schedule=gpipe",
        "llama, cpu bf16, 3, data=1, data=2 pipeline=2 zero=0",
        "gpt2, cpu f32, 1, pipeline=2, data=4",
        "gpt2, cpu f32, 2, data=2 pipeline=2 schedule=gpipe zero=0, data=2",
        "gpt2, cpu f32, 3, data=2, pipeline=2 zero=0"
    })
    void shouldGiveTheBitsOfOneRankWhenStoppedAndResumedOnAnotherLayout(
            String model, String maths, int stop, String first, String second) throws Exception {
        MemoryStore run = new MemoryStore();
        List<TrainLab.Run> parts = List.of(
                train(config(model, maths, first, "stop-after=" + stop), run, Start.NEW),
                train(config(model, maths, second), run, Start.RESUME));
        assertThat(parts.get(0).steps()).hasSize(stop);
        assertThat(trace(run, parts)).isEqualTo(oneRank(model, maths));
    }

    private Trace oneRank(String model, String maths) throws Exception {
        String key = model + maths;
        if (!singleRank.containsKey(key)) {
            singleRank.put(key, whole(model, maths, "data=1"));
        }
        return singleRank.get(key);
    }

    private Trace whole(String model, String maths, String layout) throws Exception {
        MemoryStore run = new MemoryStore();
        return trace(run, List.of(train(config(model, maths, layout), run, Start.NEW)));
    }

    private TrainLab.Run train(TrainConfig config, MemoryStore run, Start start) throws Exception {
        assumePossible(config);
        return TrainLab.train(config, run, corpus, start, AeronLab.machinery(config));
    }

    private static void assumePossible(TrainConfig config) {
        try (Engine engine = TrainLab.Machinery.engines(config).apply(0)) {
            DType wanted = DType.valueOf(config.dtype().name());
            assumeTrue(engine.computeTypes().contains(wanted), engine.describe() + " has no " + wanted);
        }
    }

    private static Trace trace(MemoryStore run, List<TrainLab.Run> parts) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        for (TrainLab.Run part : parts) {
            losses.addAll(part.losses());
            norms.addAll(part.norms());
        }
        assertThat(losses).hasSize(STEPS).doesNotHaveDuplicates();
        return new Trace(losses, norms, new CheckpointDirectory(run).open(STEPS).weightsSha256());
    }

    private static TrainConfig config(String model, String maths, String layout, String... more) {
        List<String> overrides = new ArrayList<>(List.of(more));
        overrides.addAll(List.of("steps=" + STEPS, "evaluate.every=0", "model.context=16", "model.channels=32"));
        overrides.add("engine=" + maths.split(" ")[0]);
        overrides.add("dtype=" + maths.split(" ")[1]);
        if (model.equals("llama")) {
            overrides.addAll(TrainLab.llama());
            overrides.add("model.tied=false");
        }
        for (String word : layout.split(" ")) {
            overrides.add("layout." + word);
        }
        return TrainLab.config(overrides.toArray(String[]::new));
    }
}
