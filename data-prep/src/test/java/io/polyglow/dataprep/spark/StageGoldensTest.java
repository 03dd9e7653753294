package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What each stage makes of {@link NastyCorpus}, beside the version of its code: a change of code that changes rows must raise the version, or results of the old code would be taken for those of
 * the new one.
 */
class StageGoldensTest {
    private static final String GOLDENS = "stage-goldens.txt";

    @TempDir
    Path directory;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void shouldMakeOfACorpusWhatItsVersionsStandFor() throws IOException {
        Path input = directory.resolve("input");
        NastyCorpus.write(input);
        PrepareConfig config = config(input);
        PrepareJob.run(spark, config, ProgressListener.SILENT);

        Map<String, String> made = made(config);

        Map<String, String> recorded = recorded();
        List<String> forgotten = new ArrayList<>();
        List<String> unrecorded = new ArrayList<>();
        made.forEach((stage, now) -> {
            String before = recorded.getOrDefault(stage, "none");
            boolean inputsAreTheSame = forgotten.isEmpty() && unrecorded.isEmpty();
            if (now.equals(before)) {
                return;
            }
            (version(now).equals(version(before)) && inputsAreTheSame ? forgotten : unrecorded).add(stage);
        });
        assertThat(forgotten)
                .as(
                        "stages whose rows have changed under the same version. Either this change was not meant, or raise the version of these stages in PrepareKeys and record in %s:%n%s",
                        GOLDENS, lines(made))
                .isEmpty();
        assertThat(unrecorded)
                .as("stages with another version, or with another input. Record in %s:%n%s", GOLDENS, lines(made))
                .isEmpty();
        assertThat(recorded).containsOnlyKeys(made.keySet());
    }

    private PrepareConfig config(Path input) throws IOException {
        Path exam = Files.writeString(
                directory.resolve("exam.txt"),
                "Which of the following statements about the melting point of pure gallium metal is true?\n");
        return ConfigFile.load(
                        PrepareConfig.class,
                        "goldens.yaml",
                        "",
                        List.of(
                                "input=" + input,
                                "output=" + directory.resolve("out"),
                                "seed=7",
                                "tokenizer.vocab-size=600",
                                "filter.language-score=0.5",
                                "filter.gopher-quality.min-words=20",
                                "filter.gopher-repetition.on=false",
                                "filter.fineweb.on=false",
                                "dedup.lines.min-documents=4",
                                "dedup.lines.min-characters=10",
                                "dedup.paragraphs.min-documents=4",
                                "decontamination.sets={exam: " + exam + "}",
                                "pii.email=redact",
                                "mix.policy=temperature",
                                "mix.alpha=0.5",
                                "split.validation=0.1"))
                .value();
    }

    /** By stage, its version and the hash of its result. */
    private Map<String, String> made(PrepareConfig config) throws IOException {
        PrepareKeys versions = PrepareKeys.of(
                config,
                new PrepareKeys.Contents(List.of(), List.of(), List.of(), List.of(), List.of(), "", ""),
                ThresholdCatalog.of(config.filter()));
        Map<String, String> made = new LinkedHashMap<>();
        for (StageKey key : versions.inOrder()) {
            made.put(key.name(), key.version() + " " + result(key.name()));
        }
        return made;
    }

    private String result(String stage) throws IOException {
        if (stage.equals("corpus")) {
            return files(directory.resolve("out"), "(train|validation)-.*|mix[.]json");
        }
        Path made;
        try (Stream<Path> stages = Files.list(directory.resolve("out.stages"))) {
            made = stages.filter(path -> path.getFileName().toString().startsWith(stage + "-"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no stage " + stage));
        }
        return Files.exists(made.resolve("rows")) ? rows(made.resolve("rows")) : files(made, ".*[.]json");
    }

    /** Of all rows, whatever their order and files. */
    private String rows(Path table) {
        Dataset<Row> rows = spark.read().parquet(table.toString());
        List<String> lines = rows.toJSON().collectAsList();
        assertThat(lines).as(table.toString()).isNotEmpty();
        MessageDigest digest = Digest.newSha256();
        lines.stream().sorted().forEach(line -> digest.update((line + "\n").getBytes(UTF_8)));
        return hex(digest);
    }

    private static String files(Path folder, String names) throws IOException {
        MessageDigest digest = Digest.newSha256();
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> sorted = files.filter(
                            file -> file.getFileName().toString().matches(names))
                    .filter(file -> !file.endsWith(StageDirectory.MARKER))
                    .sorted()
                    .toList();
            assertThat(sorted).as(folder.toString()).isNotEmpty();
            for (Path file : sorted) {
                digest.update((file.getFileName() + "\n").getBytes(UTF_8));
                digest.update(Files.readAllBytes(file));
            }
        }
        return hex(digest);
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    }

    private static String version(String golden) {
        return golden.split(" ", 2)[0];
    }

    private static Map<String, String> recorded() throws IOException {
        Map<String, String> recorded = new LinkedHashMap<>();
        try (InputStream in = StageGoldensTest.class.getResourceAsStream("/" + GOLDENS)) {
            if (in != null) {
                new String(in.readAllBytes(), UTF_8)
                        .lines()
                        .filter(line -> !line.isBlank())
                        .map(line -> line.split(" ", 2))
                        .forEach(parts -> recorded.put(parts[0], parts[1]));
            }
        }
        return recorded;
    }

    private static String lines(Map<String, String> goldens) {
        StringBuilder lines = new StringBuilder();
        goldens.forEach((stage, golden) ->
                lines.append(stage).append(' ').append(golden).append('\n'));
        return lines.toString();
    }
}
