package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.eval.HeldOutLoss;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameBitsOnEveryLayoutTest {
    /** What must not depend on the layout. */
    private record Trace(List<Double> losses, List<Double> norms, List<HeldOutLoss> validation, String weights) {}

    private final TokenDataset corpus = TestCorpus.of(3000);
    private final Map<String, Trace> singleRank = new HashMap<>();

    static Stream<Arguments> layouts() {
        return Stream.of("gpt2-tied", "gpt2-untied", "llama-tied", "llama-untied")
                .flatMap(model -> Stream.of(
                                "data=2",
                                "data=4",
                                "pipeline=2",
                                "data=2 zero=0",
                                "data=4 zero=0",
                                "pipeline=2 zero=0",
                                "data=2 pipeline=2",
                                "data=2 pipeline=2 zero=0",
                                "data=2 pipeline=2 schedule=gpipe zero=0")
                        .map(layout -> Arguments.of(model, layout)));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("layouts")
    void shouldGiveSameBitsWhenLayoutChanges(String model, String layout) throws Exception {
        Trace one = singleRank.computeIfAbsent(model, name -> train(name, ""));
        assertThat(train(model, layout)).isEqualTo(one);
    }

    @ParameterizedTest
    @MethodSource("moreLayouts")
    void shouldGiveSameBitsWhenShapeIsOdd(String shape, String layout) {
        Trace one = singleRank.computeIfAbsent(shape, name -> train(name, ""));
        assertThat(train(shape, layout)).isEqualTo(one);
    }

    static Stream<Arguments> moreLayouts() {
        String six = "gpt2-tied batch.global=12 batch.canonical-width=6";
        String buckets = "gpt2-tied model.channels=320 steps=2 batch.global=4 batch.canonical-width=2";
        String blocks = "gpt2-tied model.channels=96 steps=2 batch.global=4";
        return Stream.of(
                Arguments.of(six, "data=3"),
                Arguments.of(six, "data=2"),
                Arguments.of(six, "data=3 pipeline=2"),
                Arguments.of("gpt2-tied model.layers=4", "pipeline=4"),
                Arguments.of("gpt2-tied model.layers=3", "data=2 pipeline=3 schedule=gpipe"),
                Arguments.of("llama-tied batch.micro=2 batch.canonical-width=2", "data=2"),
                Arguments.of("gpt2-tied batch.canonical-width=1", "zero=0"),
                Arguments.of("llama-tied batch.packing=best-fit batch.micro=2", "data=2 pipeline=2"),
                Arguments.of("llama-tied batch.document-mask=true model.layers=3", "data=2 pipeline=3"),
                Arguments.of(buckets, "data=2"),
                Arguments.of(buckets + " dtype=bf16 checkpoint.every=1", "data=2"),
                Arguments.of("gpt2-tied dtype=bf16", "data=2 pipeline=2"),
                Arguments.of("llama-tied batch.document-mask=true", "data=2 pipeline=2 recompute=full"),
                Arguments.of("gpt2-untied", "pipeline=2 recompute=selective"),
                Arguments.of("gpt2-untied dtype=bf16", "data=4"),
                Arguments.of("llama-tied dtype=bf16", "data=2 zero=0"),
                Arguments.of(blocks, "data=2"),
                Arguments.of(blocks, "data=4 zero=0"));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("directLayouts")
    void shouldGiveSameBitsWhenReplicasMeetPastTheHost(String model, String layout) {
        Trace one = singleRank.computeIfAbsent(model, name -> train(name, ""));
        List<ConnectedEngines> used = new ArrayList<>();
        Trace direct = train(model, layout, config -> {
            used.add(new ConnectedEngines(config.layout().grid()));
            return TrainLab.Machinery.inMemory(config, used.get(0));
        });
        assertThat(direct).isEqualTo(one);
        assertThat(used.get(0).exchanges.get()).isPositive();
    }

    @Test
    void shouldTellHowReplicasMeetAndWhatThatTakes() throws Exception {
        TrainConfig config = TrainLab.config("layout.data=2", "evaluate.every=0");
        TrainLab.Run direct = TrainLab.train(
                config,
                new MemoryStore(),
                corpus,
                Start.NEW,
                new ConnectedEngines(config.layout().grid()));
        assertThat(direct.starts()).singleElement().satisfies(start -> {
            assertThat(start.engine()).endsWith(", replicas meet in memory");
            assertThat(start.memory()).contains(" + exchange 1 MiB = ");
        });
        assertThat(TrainLab.train(config, new MemoryStore(), corpus, Start.NEW).starts())
                .singleElement()
                .satisfies(start -> assertThat(start.toString()).doesNotContain("meet", "exchange"));
    }

    static Stream<Arguments> directLayouts() {
        String six = "gpt2-tied batch.global=12 batch.canonical-width=6";
        String blocks = "gpt2-tied model.channels=96 steps=2 batch.global=4";
        return Stream.of(
                Arguments.of("gpt2-tied", "data=2"),
                Arguments.of("gpt2-tied", "data=4 zero=0"),
                Arguments.of("gpt2-tied", "data=2 pipeline=2"),
                Arguments.of("llama-untied", "data=4"),
                Arguments.of("gpt2-tied dtype=bf16", "data=2"),
                Arguments.of("llama-tied", "data=2 pipeline=2 zero=0 schedule=gpipe"),
                Arguments.of(six, "data=3"),
                Arguments.of(six, "data=2"),
                Arguments.of(six, "data=3 pipeline=2"),
                Arguments.of("gpt2-tied batch.global=24 batch.canonical-width=12", "data=4"),
                Arguments.of(blocks, "data=2"),
                Arguments.of(blocks, "data=4 zero=0"));
    }

    private Trace train(String model, String layout) {
        return train(model, layout, TrainLab.Machinery::inMemory);
    }

    private Trace train(String model, String layout, Function<TrainConfig, TrainLab.Machinery> machinery) {
        List<String> overrides = new ArrayList<>();
        String[] words = model.split(" ");
        overrides.add("model.tied=" + words[0].endsWith("-tied"));
        if (words[0].startsWith("llama")) {
            overrides.addAll(TrainLab.llama());
        }
        overrides.addAll(List.of(words).subList(1, words.length));
        for (String word : layout.isEmpty() ? new String[0] : layout.split(" ")) {
            overrides.add(word.startsWith("recompute") ? word : "layout." + word);
        }
        MemoryStore run = new MemoryStore();
        try {
            TrainConfig config = TrainLab.config(overrides.toArray(String[]::new));
            TrainLab.Run result = TrainLab.train(config, run, corpus, Start.NEW, machinery.apply(config));
            List<HeldOutLoss> validation = result.steps().stream()
                    .map(StepMetrics::validation)
                    .filter(Objects::nonNull)
                    .toList();
            int steps = result.steps().size();
            String weights = new CheckpointDirectory(run).open(steps).weightsSha256();
            return new Trace(result.losses(), result.norms(), validation, weights);
        } catch (Exception e) {
            throw new AssertionError(model + " on " + layout, e);
        }
    }
}
