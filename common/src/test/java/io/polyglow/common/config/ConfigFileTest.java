package io.polyglow.common.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    enum Norm {
        LAYER_NORM,
        RMS_NORM
    }

    record Layout(
            @Doc("Replicas.") @Default("1") @Range(min = 1, max = 1024) int data,
            @Doc("Stages.") @Default("1") @Range(min = 1) int pipeline) {}

    record Source(@Doc("Where.") String path, @Doc("How often.") @Default("1") double weight) {}

    @Retired(key = "batch-size", advice = "use batch")
    record Run(
            @Doc("Token shards.") String data,
            @Doc("Sequences a step.") @Range(min = 1) int batch,
            @Doc("Peak learning rate.") @Default("3e-4") @Range(min = 0) double learningRate,
            @Doc("Kind of norm.") @Default("layer-norm") Norm norm,
            @Doc("Tie the head.") @Default("true") boolean tied,
            @Doc("Seed.") @Default("42") long seed,
            @Doc("A note.") @Nullable String note,
            @Doc("Limit.") @Nullable Integer limit,
            @Doc("Languages.") @Default("[]") List<String> languages,
            @Doc("Sources.") @Default("[]") List<Source> sources,
            @Doc("Weights.") @Default("{}") @Range(min = 0) Map<String, Double> mix,
            @Doc("Process grid.") Layout layout)
            implements ConfigSection {
        @Override
        public void validate(Problems problems) {
            if (batch % layout.data() != 0) {
                problems.add("layout.data", "batch " + batch + " is not divisible by " + layout.data() + " replicas.");
            }
        }
    }

    private static final String REQUIRED = "data: shards\nbatch: 8\n";

    private static final String DEFAULTS =
            """
            data: shards
            batch: 8
            learning-rate: 3.0E-4
            norm: layer-norm
            tied: true
            seed: 42
            note: null
            limit: null
            languages: []
            sources: []
            mix: {}
            layout:
              data: 1
              pipeline: 1
            """;

    private static final String FULL =
            """
            # every key, none at its default
            data: "hdfs://127.0.0.1:9820/a b"
            batch: 1_2
            learning-rate: 1e-5
            norm: rms-norm
            tied: false
            seed: -9223372036854775808
            note: "\\"x\\"\\n\\u00e9 # no: comment"
            limit: 3
            languages: [no, de, 12, "null"]
            sources:
              - path: a
                weight: 0.1
              - {path: "true"}
            mix:
              zh: 1
              af: .5
            layout:
              data: 4
              pipeline: 2
            """;

    private static Resolved<Run> load(String yaml, String... overrides) {
        return ConfigFile.load(Run.class, "run.yaml", yaml, List.of(overrides));
    }

    @Test
    void shouldPinDefaultsAndReadEveryKey() {
        ConfigAssertions.assertDefaults(Run.class, REQUIRED, DEFAULTS);
        ConfigAssertions.assertEveryKeyIsRead(Run.class, REQUIRED, FULL);
    }

    @Test
    void shouldReadValuesByTheTypeOfTheirKey() {
        Run run = load(FULL).value();
        assertThat(run.data()).isEqualTo("hdfs://127.0.0.1:9820/a b");
        assertThat(run.batch()).isEqualTo(12);
        assertThat(run.learningRate()).isEqualTo(1e-5);
        assertThat(run.note()).isEqualTo("\"x\"\né # no: comment");
        assertThat(run.languages()).containsExactly("no", "de", "12", "null");
        assertThat(run.sources()).containsExactly(new Source("a", 0.1), new Source("true", 1));
        assertThat(run.mix()).containsExactly(Map.entry("af", 0.5), Map.entry("zh", 1.0));
    }

    @Test
    void shouldResolveToCanonicalText() {
        assertThat(load(FULL).yaml())
                .isEqualTo(
                        """
                        data: "hdfs://127.0.0.1:9820/a b"
                        batch: 12
                        learning-rate: 1.0E-5
                        norm: rms-norm
                        tied: false
                        seed: -9223372036854775808
                        note: "\\"x\\"\\u000a\u00e9 # no: comment"
                        limit: 3
                        languages: ["no", de, "12", "null"]
                        sources:
                          - path: a
                            weight: 0.1
                          - path: "true"
                            weight: 1
                        mix:
                          af: 0.5
                          zh: 1
                        layout:
                          data: 4
                          pipeline: 2
                        """);
        assertThat(load(REQUIRED).sha256())
                .isEqualTo(load("batch: 8\ndata: 'shards'").sha256());
        assertThat(load(REQUIRED).sha256())
                .isNotEqualTo(load(REQUIRED, "batch=9").sha256())
                .hasSize(64);
    }

    @Test
    void shouldApplyOverridesInOrder() {
        Run run = load(
                        FULL,
                        "layout.data=2",
                        "layout.data=3",
                        "note=",
                        "languages=sv",
                        "sources=[{path: z, weight: 2}]",
                        "mix.yo=7",
                        "data=a=b: c")
                .value();
        assertThat(run.layout()).isEqualTo(new Layout(3, 2));
        assertThat(run.note()).isNull();
        assertThat(run.languages()).containsExactly("sv");
        assertThat(run.sources()).containsExactly(new Source("z", 2));
        assertThat(run.mix()).containsKeys("af", "yo", "zh");
        assertThat(run.data()).isEqualTo("a=b: c");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "bacth: 4 | run.yaml:3: bacth: unknown key. Did you mean 'batch'?",
                "learning_rate: 4 | run.yaml:3: learning_rate: unknown key. Did you mean 'learning-rate'?",
                "pipeline: 4 | run.yaml:3: pipeline: unknown key. Did you mean 'layout.pipeline'?",
                "zzzzzzz: 4 | run.yaml:3: zzzzzzz: unknown key; known here: data, batch, learning-rate, norm, tied, seed, note, limit, languages, sources, mix, layout.",
                "batch-size: 4 | run.yaml:3: batch-size: no longer a key; use batch.",
                "batch: 4 | run.yaml:3: batch: duplicate key, already set at run.yaml:2; keep one.",
                "layout: 4 | run.yaml:3: layout: expected keys below it, found '4'.",
                "layout: {data: 0} | run.yaml:3: layout.data: 0 is out of range, must be 1 to 1024.",
                "layout: {data: -1, pipelin: 2} | run.yaml:3: layout.data: -1 is out of range, must be 1 to 1024.",
                "layout: {data: 3} | run.yaml:3: layout.data: batch 8 is not divisible by 3 replicas.",
                "learning-rate: fast | run.yaml:3: learning-rate: expected a number, found 'fast'.",
                "learning-rate: .nan | run.yaml:3: learning-rate: expected a number, found '.nan'.",
                "learning-rate: 1e999 | run.yaml:3: learning-rate: '1e999' is beyond the range of a double.",
                "learning-rate: -1 | run.yaml:3: learning-rate: -1 is out of range, must be at least 0.",
                "learning-rate: '1' | run.yaml:3: learning-rate: found quoted text \"1\"; remove the quotes.",
                "seed: 1e6 | run.yaml:3: seed: expected a whole number, found '1e6'.",
                "seed: 99999999999999999999 | run.yaml:3: seed: '99999999999999999999' does not fit 64 bits.",
                "limit: 3000000000 | run.yaml:3: limit: '3000000000' does not fit 32 bits.",
                "tied: yes | run.yaml:3: tied: expected true or false, found 'yes'.",
                "norm: rmsnorm | run.yaml:3: norm: unknown value 'rmsnorm', must be one of layer-norm, rms-norm. Did you mean 'rms-norm'?",
                "seed: | run.yaml:3: seed: has no value; whole number.",
                "seed: [1] | run.yaml:3: seed: expected one value, found a list.",
                "languages: [a, [b]] | run.yaml:3: languages[1]: expected one value, found a list.",
                "sources: [{path: a}, {weight: 1}] | run.yaml:3: sources[1].path: missing; text. Where.",
                "mix: {de: -1} | run.yaml:3: mix.de: -1 is out of range, must be at least 0.",
                "mix: 3 | run.yaml:3: mix: expected keys and values, found '3'.",
                "note: !!java.net.URL [x] | run.yaml:3: tag tag:yaml.org,2002:java.net.URL; configs have no tags, types follow from the key.",
                "note: *x | run.yaml:3: alias *x; configs have no aliases, write the value out.",
                "? [a] : b | run.yaml:3: a key must be text.",
                "note: [a | run.yaml:3: not valid YAML: expected ',' or ']', but got <stream end>.",
                "note: a: b | run.yaml:3: not valid YAML: mapping values are not allowed here.",
            })
    void shouldNameLineKeyAndRemedy(String line, String message) {
        assertThatThrownBy(() -> load(REQUIRED + line))
                .isInstanceOf(PolyglowException.class)
                .extracting(Throwable::getMessage, e -> ((PolyglowException) e).kind())
                .satisfies(both -> {
                    assertThat((String) ((List<?>) both).get(0)).contains(message);
                    assertThat(((List<?>) both).get(1)).isEqualTo(ErrorKind.USAGE);
                });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "layout.dat=2 | --set layout.dat=2: layout.dat: unknown key. Did you mean 'data'?",
                "layout.data=0 | --set layout.data=0: layout.data: 0 is out of range",
                "batch.global=2 | --set batch.global=2: batch: has no keys below it, it is '8'; set it as a whole.",
                "batch | --set batch: write it as key=value",
                "=3 | --set =3: write it as key=value",
                "languages=[a | --set languages=[a: not valid YAML",
                "layout.data=3 | --set layout.data=3: layout.data: batch 8 is not divisible by 3 replicas.",
            })
    void shouldNameTheOverride(String override, String message) {
        assertThatThrownBy(() -> load(REQUIRED, override)).hasMessageContaining(message);
    }

    @Test
    void shouldReportAllProblemsAtOnce() {
        assertThatThrownBy(() -> load("bacth: 4\nseed: x\nlayout:\n  data: 0\n  pipeline: 0\n", "tied=maybe"))
                .hasMessage(
                        """
                        7 problems in run.yaml:
                          run.yaml:1: bacth: unknown key. Did you mean 'batch'?
                          run.yaml:1: data: missing; text. Token shards.
                          run.yaml:1: batch: missing; whole number, at least 1. Sequences a step.
                          --set tied=maybe: tied: expected true or false, found 'maybe'.
                          run.yaml:2: seed: expected a whole number, found 'x'.
                          run.yaml:4: layout.data: 0 is out of range, must be 1 to 1024.
                          run.yaml:5: layout.pipeline: 0 is out of range, must be at least 1.""");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"- a\n", "text", "data: a\n---\ndata: b\n", "data: \u0007", "\tdata: a", "%YAML 9.9\n---\n{}"})
    void shouldRefuseWhatIsNotAConfig(String yaml) {
        assertThatThrownBy(() -> load(yaml))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("run.yaml:");
    }

    @Test
    @Timeout(10)
    void shouldRefuseBombsQuickly() {
        String laughs = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n";
        assertThatThrownBy(() -> load(laughs))
                .hasMessage("run.yaml:2: alias *a; configs have no aliases, write the value out.");
        assertThatThrownBy(() -> load("note: " + "[".repeat(100_000))).hasMessageContaining("nested deeper than 32");
        assertThatThrownBy(() -> load("note: " + "x".repeat(2_000_000))).hasMessageContaining("too long for a config");
    }

    @Test
    void shouldTreatAnEmptyFileAsOneWithNoKeys() {
        assertThatThrownBy(() -> load("# nothing\n")).hasMessageContaining("run.yaml:1: data: missing");
        assertThat(ConfigFile.load(Layout.class, "l.yaml", "", List.of()).value())
                .isEqualTo(new Layout(1, 1));
        assertThat(ConfigFile.load(Layout.class, "l.yaml", "~", List.of("data=2"))
                        .value())
                .isEqualTo(new Layout(2, 1));
    }

    @Test
    void shouldReadFilesAndSayWhyNot(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("run.yaml");
        assertThatThrownBy(() -> ConfigFile.read(Run.class, file, List.of()))
                .hasMessageStartingWith("there is no file " + file);
        Files.write(file, new byte[] {'d', (byte) 0xFF});
        assertThatThrownBy(() -> ConfigFile.read(Run.class, file, List.of())).hasMessageContaining("not UTF-8");
        Files.writeString(file, REQUIRED);
        assertThat(ConfigFile.read(Run.class, file, List.of()).value().data()).isEqualTo("shards");
        assertThatThrownBy(() -> ConfigFile.read(Run.class, directory, List.of()))
                .hasMessageContaining("cannot be read");
    }

    @Test
    void shouldShowWhatIsMissingOnlyWhenNothingElseIsWrong(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("run.yaml"), "batch: 8\n");
        Draft draft = ConfigFile.draft(Run.class, file, List.of());
        assertThat(draft.missing()).containsExactly("data");
        assertThat(draft.yaml()).contains("data: # required\n");

        Draft whole = ConfigFile.draft(Run.class, file, List.of("data=shards"));
        assertThat(whole.missing()).isEmpty();
        assertThat(whole.yaml()).isEqualTo(load(REQUIRED).yaml());

        assertThatThrownBy(() -> ConfigFile.draft(Run.class, file, List.of("layout.data=3")))
                .hasMessageContaining("data: missing")
                .hasMessageContaining("3 replicas");
    }

    @Test
    void shouldNotDependOnTheLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            assertThat(load(FULL).value().norm()).isEqualTo(Norm.RMS_NORM);
            assertThat(load(REQUIRED).yaml()).isEqualTo(DEFAULTS);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void shouldListAllKeysForHelp() {
        assertThat(ConfigFile.reference(Run.class))
                .contains("learning-rate: number, at least 0; default 3e-4\n    Peak learning rate.\n")
                .contains("norm: layer-norm | rms-norm; default layer-norm\n")
                .contains("note: text; optional\n")
                .contains("batch: whole number, at least 1; required\n")
                .contains("layout.data: whole number, 1 to 1024; default 1\n")
                .contains("sources[].path: text; required\n");
    }
}
