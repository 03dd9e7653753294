package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.dataprep.dedup.PlantedDuplicates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stages that stay: after other settings, after a stop, after a kill, with damaged files. */
class PrepareStagesTest extends PrepareFixture {
    @Test
    void shouldMakeOnlyWhatChangedSettingsChange() throws IOException {
        prepareOut();
        List<String> names = new ArrayList<>();

        PrepareJob.run(
                spark,
                config("out", "overwrite=true", "shards.text-bytes=8192"),
                progress -> names.add(progress.name()));

        assertThat(names)
                .contains("read (unchanged)", "annotate (unchanged)", "filter (unchanged)", "keep (unchanged)")
                .contains("train tokenizer (unchanged)", "write shards");
        try (Stream<Path> left = Files.list(directory.resolve("out.stages"))) {
            assertThat(left.map(path -> path.getFileName().toString().replaceAll("-.*", "")))
                    .containsExactlyInAnyOrder(
                            "documents",
                            "annotations",
                            "decisions",
                            "duplicates",
                            "kept",
                            "tokenizer",
                            "fertility",
                            "leases");
        }
    }

    @Test
    void shouldLookAgainWhenAFileOfAnEvaluationSetChangesWhateverItsNameAndSayWhatHasNoField() throws IOException {
        Path set = Files.createDirectories(directory.resolve("set/deep"));
        Files.writeString(directory.resolve("set/x.items"), "one two three four five six seven eight nine ten\n");
        Files.writeString(set.resolve("y.jsonl"), "{\"q\":\"a text of an item that nobody has copied yet\"}\n");
        String[] settings = {
            "decontamination.sets={qa: " + directory.resolve("set") + "}", "decontamination.field=q", "overwrite=true"
        };
        PrepareJob.run(spark, config("out", settings), ProgressListener.SILENT);
        assertThat(PrepareJob.run(spark, config("out", settings), ProgressListener.SILENT)
                        .reused())
                .isTrue();
        Files.writeString(set.resolve("y.jsonl"), "{\"q\":\"line 7 of the corpus, word\"}\n{\"r\":\"\"}\n");
        List<String> notes = new ArrayList<>();

        PrepareReport report = PrepareJob.run(spark, config("out", settings), noting(notes));

        assertThat(report.reused()).isFalse();
        assertThat(notes)
                .filteredOn(note -> note.contains("evaluation set"))
                .containsExactly(
                        "1 of 3 items of evaluation set qa have no text in \"q\" and were not looked for. Check decontamination.field.");
    }

    @Test
    void shouldSketchOnceWhateverThresholdsDecide() throws IOException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(new PlantedDuplicates(40, 3).document(i).text());
        }
        texts.set(39, texts.get(39) + " Write to jo@mail.net");
        Path web = Files.writeString(directory.resolve("web.txt"), String.join("\n", texts) + "\n");
        String[] near = {"input=" + web, "format=lines", "language=en", "dedup.near.enabled=true", "overwrite=true"};
        ProgressListener stop = progress -> {
            if (progress.name().equals("deduplicate")) {
                throw new IllegalStateException("stopped by the test");
            }
        };
        assertThatThrownBy(() -> PrepareJob.run(spark, config("out", near), stop))
                .hasMessageContaining("stopped by the test");

        assertThat(stages("out", near)).contains("sketch (unchanged)", "deduplicate");

        String[] stricter =
                Stream.concat(Stream.of(near), Stream.of("pii.email=drop")).toArray(String[]::new);
        assertThat(stages("out", stricter)).contains("filter", "sketch (unchanged)", "deduplicate");
        assertThat(table("out", "duplicates").filter("size(reasons) > 0").count())
                .isEqualTo(1);
        assertThat(table("out", "sketches").count()).isEqualTo(40);
        String[] lines = Stream.concat(Stream.of(stricter), Stream.of("dedup.lines.min-documents=2"))
                .toArray(String[]::new);
        assertThat(stages("out", lines)).contains("deduplicate (unchanged)", "find repeated passages", "keep");
    }

    private List<String> stages(String output, String... settings) {
        List<String> names = new ArrayList<>();
        PrepareJob.run(spark, config(output, settings), progress -> names.add(progress.name()));
        return names;
    }

    @Test
    void shouldSayWhatRunsNowAndNoteWhatItCameTo() throws InterruptedException, IOException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            texts.add(new PlantedDuplicates(60, 3).document(i).text());
        }
        Path web = Files.writeString(directory.resolve("web.txt"), String.join("\n", texts) + "\n");
        List<String> notes = new ArrayList<>();
        TaskShares steps = new TaskShares(1);
        spark.sparkContext().addSparkListener(steps);

        PrepareJob.run(spark, config("out", "input=" + web, "format=lines", "dedup.near.enabled=true"), noting(notes));
        steps.finish(spark.sparkContext());

        assertThat(steps.json().names())
                .contains(
                        "exact duplicates",
                        "signatures of what stays",
                        "equal shingles",
                        "candidate pairs",
                        "true similarity",
                        "clusters: rounds",
                        "clusters: members and sizes",
                        "duplicates: every document")
                .allSatisfy(step -> assertThat(step).doesNotContainPattern("[0-9]"));
        assertThat(notes)
                .anyMatch(line -> line.matches("near-duplicates: [0-9]+ pairs looked at, [0-9]+ links"))
                .anyMatch(line -> line.matches("clusters: [0-9]+ links after round 1"));
    }

    @Test
    void shouldGoOnAfterTheLastWholeStageWhenStoppedHalfWay() throws IOException {
        ProgressListener stop = progress -> {
            if (progress.name().equals("keep")) {
                throw new IllegalStateException("stopped by the test");
            }
        };

        assertThatThrownBy(() -> PrepareJob.run(spark, config("stopped"), stop))
                .hasMessageContaining("stopped by the test");

        assertThat(directory.resolve("stopped")).doesNotExist();
        List<String> names = new ArrayList<>();
        PrepareJob.run(spark, config("stopped"), progress -> names.add(progress.name()));
        assertThat(names).contains("read (unchanged)", "deduplicate (unchanged)", "keep");
        prepareOut();
        assertThat(corpusFiles("stopped")).isEqualTo(corpusFiles("out"));
    }

    @Test
    void shouldMakeAStageAgainWhoseFilesAreNotThoseThatWereWritten() throws IOException {
        prepareOut();
        try (Stream<Path> files = Files.walk(directory.resolve("out.stages"))) {
            Path kept = files.filter(path -> path.toString().matches(".*/kept-.*[.]parquet"))
                    .findFirst()
                    .orElseThrow();
            Files.write(kept, new byte[0]);
        }
        List<String> names = new ArrayList<>();

        PrepareJob.run(spark, config("out", "overwrite=true", "seed=2"), progress -> names.add(progress.name()));

        assertThat(names).contains("deduplicate (unchanged)", "keep");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "read",
                "annotate",
                "filter",
                "deduplicate",
                "keep",
                "plan",
                "train tokenizer",
                "measure tokenizer",
                "write shards",
                "report",
                "publish"
            })
    @Tag("nightly")
    void shouldGoOnWhenTheProcessIsKilled(String stage) throws Exception {
        killedDuring(stage);
    }

    private void killedDuring(String stage) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(System.getProperty("polyglow.jvm.options").split(" ")));
        command.addAll(
                List.of("-Xmx512m", "-cp", System.getProperty("java.class.path"), KilledPrepare.class.getName()));
        command.add(stage);
        command.addAll(settings("killed"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        try {
            assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(process.exitValue())
                .as(Files.readString(directory.resolve("log")))
                .isEqualTo(KilledPrepare.EXIT_CODE);
        assertThat(directory.resolve("killed")).doesNotExist();
        List<String> names = new ArrayList<>();
        PrepareReport report = PrepareJob.run(spark, config("killed"), progress -> names.add(progress.name()));
        assertThat(report.reused()).isFalse();
        assertThat(names.subList(0, names.indexOf(stage)).stream()
                        .filter(name ->
                                !List.of("hash inputs", "plan", "report").contains(name)))
                .as("stages before the killed one")
                .allMatch(name -> name.endsWith("(unchanged)"));
        prepareOut();
        assertThat(corpusFiles("killed")).isEqualTo(corpusFiles("out"));
    }
}
