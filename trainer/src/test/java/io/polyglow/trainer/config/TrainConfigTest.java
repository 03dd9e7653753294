package io.polyglow.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainConfigTest {
    private static final String MINIMAL =
            """
            data: corpus
            run: run
            steps: 100
            layout: {}
            batch: {global: 48, micro: 4}
            model: {layers: 2, heads: 2, channels: 16, context: 8}
            optimizer: {learning-rate: 0.01}
            checkpoint: {}
            evaluate: {}
            """;

    private static TrainConfig load(String... overrides) {
        return ConfigFile.load(TrainConfig.class, "test.yaml", MINIMAL, List.of(overrides))
                .value();
    }

    @Test
    void shouldFillInDefaultsWhenKeysAreLeftOut() {
        TrainConfig config = load();
        assertThat(config.batch().canonicalWidth()).isEqualTo(4);
        assertThat(config.optimizer().decaySteps()).isEqualTo(100);
        assertThat(config.layout()).isEqualTo(new TrainConfig.Layout(1, 1, "1f1b", 1));
        assertThat(config.checkpoint()).isEqualTo(new TrainConfig.Checkpoints(100, 3, 300));
        assertThat(config.evaluate().every()).isZero();
        assertThat(config.lastStep()).isEqualTo(100);
        assertThat(load("batch.global=64", "batch.micro=1").batch().canonicalWidth())
                .isEqualTo(8);
    }

    @Test
    void shouldReadBackWhenResolved() {
        TrainConfig config = load("stop-after=7", "dtype=bf16", "engine=cpu", "layout.data=2");
        assertThat(ConfigFile.load(TrainConfig.class, "x", ConfigFile.of(config).yaml(), List.of())
                        .value())
                .isEqualTo(config);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "batch.micro=5 | 5 does not divide batch.global = 48",
                "batch.canonical-width=5 | 5 does not divide the 12 micro-batches",
                "layout.data=3 | 3 does not divide batch.canonical-width = 4",
                "layout.pipeline=3 | 3 stages need as many layers, but model.layers = 2",
                "layout.schedule=zigzag | zigzag",
                "layout.zero=2 | zero",
                "optimizer.warmup-steps=101 | 101 steps end after",
                "optimizer.min-learning-rate=1 | above optimizer.learning-rate",
                "model.heads=3 | multiple of heads",
                "engine=gpu | engine",
                "layot.data=2 | layout"
            })
    void shouldSayWhatIsWrong(String override, String message) {
        PolyglowException error = catchThrowableOfType(PolyglowException.class, () -> load(override));
        assertThat(error.kind()).isEqualTo(ErrorKind.USAGE);
        assertThat(error).hasMessageContaining(message);
    }

    @Test
    void shouldReportAllProblemsAtOnce() {
        PolyglowException error =
                catchThrowableOfType(PolyglowException.class, () -> load("batch.micro=5", "layout.pipeline=3"));
        assertThat(error).hasMessageContaining("batch.micro").hasMessageContaining("layout.pipeline");
    }

    /** A new key must be put into one of the two groups on purpose. */
    @Test
    void shouldKnowOfEveryKeyWhetherResumeMayChangeIt() {
        Set<String> free = Set.of(
                "data",
                "run",
                "steps",
                "stop-after",
                "engine",
                "dtype",
                "threads-per-rank",
                "recompute",
                "restarts",
                "layout.data",
                "layout.pipeline",
                "layout.schedule",
                "layout.zero",
                "checkpoint.every",
                "checkpoint.keep",
                "checkpoint.retry-seconds",
                "evaluate.every",
                "evaluate.sequences");
        List<String> keys = new ArrayList<>();
        ConfigFile.reference(TrainConfig.class)
                .lines()
                .filter(line -> !line.startsWith(" "))
                .forEach(line -> keys.add(line.substring(0, line.indexOf(':'))));
        TreeSet<String> known = new TreeSet<>(free);
        known.addAll(ResumeRules.fixedKeys());
        assertThat(known).containsExactlyInAnyOrderElementsOf(keys);
    }

    @Test
    void shouldRefuseToMakeARunLongerWhereItCannotLearn() {
        PolyglowException error = catchThrowableOfType(
                PolyglowException.class,
                () -> ResumeRules.check(load(), load("steps=1000", "optimizer.decay-steps=100"), "runs/a"));

        assertThat(error.kind()).isEqualTo(ErrorKind.USAGE);
        assertThat(error)
                .hasMessageContaining("cannot resume runs/a with steps = 1000")
                .hasMessageContaining("Leave steps at 100, or start a new run with optimizer.decay-steps=1000");
        String longer = "optimizer.decay-steps=1000";
        ResumeRules.check(load(longer), load(longer, "steps=1000"), "runs/a");
        String minimum = "optimizer.min-learning-rate=0.001";
        ResumeRules.check(load(minimum), load(minimum, "steps=1000", "optimizer.decay-steps=100"), "runs/a");
        String shorter = "optimizer.decay-steps=50";
        ResumeRules.check(load(shorter), load(shorter), "runs/a");
    }

    @Test
    void shouldFillVocabularyFromTokenizer() {
        assertThat(load().forVocabulary(300).model().vocabSize()).isEqualTo(300);
        assertThat(load("model.vocab-size=320").forVocabulary(300).model().vocabSize())
                .isEqualTo(320);
        PolyglowException error = catchThrowableOfType(
                PolyglowException.class, () -> load("model.vocab-size=200").forVocabulary(300));
        assertThat(error).hasMessageContaining("200").hasMessageContaining("300 ids");
    }
}
