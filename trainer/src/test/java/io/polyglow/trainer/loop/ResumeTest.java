package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.common.trace.MetricsLog;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.ReferenceEngine;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The small corpus has three steps an epoch, so that runs cross epochs; the large one has more than any run here. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResumeTest {
    private static final int STEPS = 7;
    private static final TokenDataset LARGE = TestCorpus.of(1000);

    /** What an interruption must not change. */
    private record Whole(List<Double> losses, String weights) {}

    private final TokenDataset corpus = TestCorpus.of(200);
    private List<Double> losses = List.of();
    private String weights = "";

    @BeforeAll
    void trainWithoutInterruption() throws Exception {
        MemoryStore run = new MemoryStore();
        losses = TrainLab.train(config(), run, corpus, Start.NEW).losses();
        weights = weights(run);
        assertThat(losses).hasSize(STEPS).doesNotHaveDuplicates();
    }

    private static TrainConfig config(String... overrides) {
        List<String> all = new ArrayList<>(List.of("steps=" + STEPS, "evaluate.every=0"));
        all.addAll(List.of(overrides));
        return TrainLab.config(all.toArray(String[]::new));
    }

    private static String weights(MemoryStore run) {
        return new CheckpointDirectory(run).open(STEPS).weightsSha256();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void shouldEqualUninterruptedRunWhenStoppedAtAnyStep(int stop) throws Exception {
        MemoryStore run = new MemoryStore();
        List<Double> seen = new ArrayList<>(TrainLab.train(config("stop-after=" + stop), run, corpus, Start.NEW)
                .losses());
        assertThat(seen).hasSize(stop);
        seen.addAll(TrainLab.train(config(), run, corpus, Start.RESUME).losses());
        assertThat(seen).isEqualTo(losses);
        assertThat(weights(run)).isEqualTo(weights);
        assertThat(loggedSteps(run))
                .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
    }

    @ParameterizedTest
    @CsvSource({
        "data=2 pipeline=2, data=1",
        "data=1, data=2 pipeline=2",
        "data=4, pipeline=2 zero=0",
        "pipeline=2 zero=0 schedule=gpipe, data=4",
        "data=2 zero=0, data=4 zero=1"
    })
    void shouldEqualUninterruptedRunWhenResumedTwiceOnOtherLayouts(String first, String second) throws Exception {
        MemoryStore run = new MemoryStore();
        List<Double> seen = new ArrayList<>();
        seen.addAll(TrainLab.train(onLayout(first, "stop-after=2"), run, corpus, Start.NEW)
                .losses());
        seen.addAll(TrainLab.train(onLayout(second, "stop-after=3"), run, corpus, Start.RESUME)
                .losses());
        seen.addAll(TrainLab.train(onLayout(first), run, corpus, Start.RESUME).losses());
        assertThat(seen).isEqualTo(losses);
        assertThat(weights(run)).isEqualTo(weights);
    }

    @ParameterizedTest
    @CsvSource({"gpt2, 2, 3", "gpt2, 1, 6", "llama, 2, 3", "llama, 1, 6"})
    void shouldEqualUninterruptedRunWhenResumedTwiceInOneEpoch(String model, int first, int second) throws Exception {
        Whole whole = whole(LARGE, model);
        MemoryStore run = new MemoryStore();
        List<TrainLab.Run> parts = List.of(
                TrainLab.train(of(model, "data=2", "stop-after=" + first), run, LARGE, Start.NEW),
                TrainLab.train(of(model, "pipeline=2", "stop-after=" + second), run, LARGE, Start.RESUME),
                TrainLab.train(of(model, "data=1"), run, LARGE, Start.RESUME));
        assertThat(parts.get(2).steps().get(STEPS - second - 1).epoch())
                .as("passes over the corpus at the end")
                .isLessThan(1);
        assertThat(joined(run, parts)).isEqualTo(whole);
    }

    @ParameterizedTest
    @CsvSource({
        "1, data=2 pipeline=2, data=1",
        "2, data=1, data=2 pipeline=2 zero=0",
        "3, data=4, pipeline=2",
        "4, pipeline=2 zero=0 schedule=gpipe, data=2",
        "5, data=2 zero=0, data=4",
        "6, pipeline=2, data=2 pipeline=2 schedule=gpipe"
    })
    void shouldEqualUninterruptedRunWhenALlamaGoesOnOnAnotherLayout(int stop, String first, String second)
            throws Exception {
        Whole whole = whole(corpus, "llama");
        MemoryStore run = new MemoryStore();
        List<TrainLab.Run> parts = List.of(
                TrainLab.train(of("llama", first, "stop-after=" + stop), run, corpus, Start.NEW),
                TrainLab.train(of("llama", second), run, corpus, Start.RESUME));
        assertThat(joined(run, parts)).isEqualTo(whole);
    }

    private static Whole whole(TokenDataset corpus, String model) throws Exception {
        MemoryStore run = new MemoryStore();
        return joined(run, List.of(TrainLab.train(of(model, "data=1"), run, corpus, Start.NEW)));
    }

    private static Whole joined(MemoryStore run, List<TrainLab.Run> parts) {
        List<Double> losses =
                parts.stream().flatMap(part -> part.losses().stream()).toList();
        assertThat(losses).hasSize(STEPS).doesNotHaveDuplicates();
        return new Whole(losses, weights(run));
    }

    private static TrainConfig of(String model, String layout, String... overrides) {
        List<String> all = new ArrayList<>(model.equals("llama") ? TrainLab.llama() : List.of());
        all.addAll(List.of(overrides));
        return onLayout(layout, all.toArray(String[]::new));
    }

    @Test
    void shouldDropLaterMetricsWhenResumedFromOlderCheckpoint() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=5", "checkpoint.every=2"), run, corpus, Start.NEW);
        run.delete(CheckpointDirectory.path(5));
        assertThat(loggedSteps(run)).hasSize(5);
        TrainLab.Run resumed = TrainLab.train(config(), run, corpus, Start.RESUME);
        assertThat(resumed.steps().get(0).step()).isEqualTo(5);
        assertThat(loggedSteps(run))
                .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(weights(run)).isEqualTo(weights);
    }

    @Test
    void shouldTouchNothingOfTheRunWhenANewerAttemptHasStarted() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=5", "checkpoint.every=2"), run, corpus, Start.NEW);
        run.delete(CheckpointDirectory.path(5));
        byte[] before = Stores.read(run, TrainLoop.CONFIG_FILE, 1 << 20);
        TrainConfig changed = config("checkpoint.every=3");

        List<Throwable> errors = TrainLab.attempt(
                        changed, run, corpus, Start.RESUME, TrainLab.Machinery.inMemory(changed, rank -> {
                            Attempt.claim(run);
                            return new ReferenceEngine();
                        }))
                .errors();

        assertThat(errors).singleElement().isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.FENCED));
        assertThat(loggedSteps(run)).as("the owner's metrics").hasSize(5);
        assertThat(Stores.read(run, TrainLoop.CONFIG_FILE, 1 << 20)).isEqualTo(before);
    }

    @Test
    void shouldNameKeysWhenResumeChangesWhatIsComputed() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=1"), run, corpus, Start.NEW);
        PolyglowException error = failure(config("seed=8", "optimizer.beta2=0.999", "steps=9"), run, Start.RESUME);
        assertThat(error.kind()).isEqualTo(ErrorKind.USAGE);
        assertThat(error)
                .hasMessageContaining("seed was 7 and is now 8")
                .hasMessageContaining("optimizer.beta2 was 0.95");
    }

    @Test
    void shouldSaySoWhenResumeComputesInAnotherDtype() throws Exception {
        MemoryStore run = new MemoryStore();
        assertThat(TrainLab.train(config("stop-after=1"), run, corpus, Start.NEW)
                        .notes())
                .isEmpty();
        assertThat(TrainLab.train(config("stop-after=2"), run, corpus, Start.RESUME)
                        .notes())
                .isEmpty();
        assertThat(TrainLab.train(config("stop-after=3", "dtype=bf16"), run, corpus, Start.RESUME)
                        .notes())
                .singleElement()
                .asString()
                .contains("after step 2 with engine reference in BF16; up to there engine reference computed in F32");
    }

    @Test
    void shouldRefuseWhenCorpusChanges() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=1"), run, corpus, Start.NEW);
        TrainLab.Run result = TrainLab.attempt(config(), run, TestCorpus.of(300), Start.RESUME);
        assertThat(result.errors().get(0)).hasMessageContaining("fingerprint");
        assertThat(((PolyglowException) result.errors().get(0)).kind()).isEqualTo(ErrorKind.DATA);
    }

    @Test
    void shouldNameTheTakedownWhenDocumentsOfTheRunAreGone() throws Exception {
        MemoryStore data = new MemoryStore();
        TokenDataset before = TestCorpus.of(data, 300);
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=1"), run, before, Start.NEW);
        List<Tombstone.Taken> taken =
                List.of(new Tombstone.Taken(before.index(TokenDataset.TRAIN).id(3), null));
        Takedown.run(data, "", taken, "asked by its author", Instant.EPOCH);

        TrainLab.Run result = TrainLab.attempt(config(), run, TokenDataset.open(data, ""), Start.RESUME);

        assertThat(result.errors().get(0))
                .hasMessageContaining("take-down 1 of 1970-01-01T00:00:00Z took 1 documents")
                .hasMessageContaining("asked by its author");
    }

    @Test
    void shouldRefuseNewRunWhenDirectoryHoldsOne() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config("stop-after=1"), run, corpus, Start.NEW);
        assertThat(failure(config(), run, Start.NEW)).hasMessageContaining("already holds a run");
    }

    @Test
    void shouldRefuseResumeWhenThereIsNoCheckpoint() throws Exception {
        assertThat(failure(config(), new MemoryStore(), Start.RESUME))
                .hasMessageContaining("no checkpoint to resume from");
    }

    @Test
    void shouldDoNothingWhenRunIsComplete() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config(), run, corpus, Start.NEW);
        assertThat(TrainLab.train(config(), run, corpus, Start.RESUME).steps()).isEmpty();
        assertThat(weights(run)).isEqualTo(weights);
    }

    @Test
    void shouldRefuseWhenCorpusIsTooSmall() {
        assertThatThrownBy(() -> TrainLab.train(config(), new MemoryStore(), TestCorpus.of(8), Start.NEW))
                .rootCause()
                .hasMessageContaining("8 tokens")
                .hasMessageContaining("9");
    }

    private static TrainConfig onLayout(String layout, String... overrides) {
        List<String> all = new ArrayList<>(List.of(overrides));
        for (String key : layout.split(" ")) {
            all.add("layout." + key);
        }
        return config(all.toArray(String[]::new));
    }

    private PolyglowException failure(TrainConfig config, MemoryStore run, Start start) throws Exception {
        return (PolyglowException)
                TrainLab.attempt(config, run, corpus, start).errors().get(0);
    }

    private static List<Long> loggedSteps(MemoryStore run) throws Exception {
        String lines = new String(Stores.read(run, MetricsLog.FILE, 1 << 20), StandardCharsets.UTF_8);
        return lines.lines()
                .map(line -> Json.parseObject("line", line.getBytes(StandardCharsets.UTF_8))
                        .getLong("step"))
                .toList();
    }
}
