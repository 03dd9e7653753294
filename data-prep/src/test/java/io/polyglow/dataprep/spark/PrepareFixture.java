package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A small corpus of mixed files, and runs of prepare on it. */
abstract class PrepareFixture {
    private static final String LINE = "{\"text\":\"line %d of the corpus, %s\",\"language\":\"%s\",\"id\":\"n%d\"}\n";

    /** What earlier tests of this JVM prepared, by its kind. */
    private static final Map<String, Prepared> PREPARED = new HashMap<>();

    /** A run: what it told, and by their places its files, and directories without bytes. */
    private record Prepared(PrepareReport report, Map<String, byte @Nullable []> contents) {}

    @TempDir
    Path directory;

    SparkSession spark;
    Path input;

    @BeforeEach
    void makeCorpus() throws IOException {
        spark = LocalSpark.session();
        input = Files.createDirectories(directory.resolve("input"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            lines.append(String.format(LINE, i, "word".repeat(i % 7), i % 3 == 0 ? "deu" : "en", i));
        }
        lines.append("{\"text\": broken\n").append(String.format(LINE, 5, "word".repeat(5), "en", 5));
        Files.writeString(input.resolve("lines.jsonl"), lines);
        Files.writeString(
                input.resolve("page.html"), "<html lang=fr data-code=fra><body><p>Tous les êtres humains</p>");
        Files.writeString(
                input.resolve("plain.txt"),
                "Все люди рождаются свободными и равными в своем достоинстве и правах.\r\nДа.");
        Files.writeString(input.resolve("empty.txt"), "");
        Files.writeString(input.resolve("LICENSE"), "not a known format");
    }

    PrepareConfig config(String output, String... overrides) {
        return config(settings(output, overrides));
    }

    static PrepareConfig config(List<String> settings) {
        return ConfigFile.load(PrepareConfig.class, "test.yaml", "", settings).value();
    }

    /** Settings of a run on the small corpus. */
    List<String> settings(String output, String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "input=" + input,
                "output=" + directory.resolve(output),
                "tokenizer.vocab-size=300",
                "filter.on=false",
                "dedup.near.enabled=false",
                "split.validation=0.1",
                "shards.text-bytes=4096"));
        all.addAll(List.of(overrides));
        return all;
    }

    /** Prepares {@code out} from the small corpus, for a test of what was made and not of how: once for all of them. */
    PrepareReport prepareOut() throws IOException {
        return prepareOut("the small corpus", config("out"));
    }

    /** As above with other settings, all of which and their inputs are named by {@code kind}; their output is {@code out}. */
    PrepareReport prepareOut(String kind, PrepareConfig config) throws IOException {
        Prepared prepared = PREPARED.get(kind);
        if (prepared == null) {
            PrepareReport report = PrepareJob.run(spark, config, ProgressListener.SILENT);
            PREPARED.put(kind, new Prepared(report, contents("out", "out.stages")));
            return report;
        }
        for (Map.Entry<String, byte @Nullable []> each : prepared.contents().entrySet()) {
            Path place = directory.resolve(each.getKey());
            byte[] bytes = each.getValue();
            if (bytes == null) {
                Files.createDirectory(place);
            } else {
                Files.write(place, bytes);
            }
        }
        return prepared.report();
    }

    private Map<String, byte @Nullable []> contents(String... roots) throws IOException {
        Map<String, byte @Nullable []> contents = new LinkedHashMap<>();
        for (String root : roots) {
            try (Stream<Path> places = Files.walk(directory.resolve(root))) {
                for (Path place : (Iterable<Path>) places::iterator) {
                    contents.put(
                            directory.relativize(place).toString(),
                            Files.isDirectory(place) ? null : Files.readAllBytes(place));
                }
            }
        }
        return contents;
    }

    /** Hears notes alone. */
    static ProgressListener noting(List<String> notes) {
        return new ProgressListener() {
            @Override
            public void progress(Progress progress) {}

            @Override
            public void note(String lines) {
                notes.add(lines);
            }
        };
    }

    /** A table of the stages behind an output. */
    Dataset<Row> table(String output, String name) {
        return spark.read().parquet(directory.resolve(output + ".stages") + "/" + name + "-*/rows");
    }

    /** Contents of everything that must not depend on how the work was cut, whichever test prepared it. */
    Map<String, String> corpusFiles(String output) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory.resolve(output))) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                contents.put(
                        file.getFileName().toString(),
                        new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
                                .replaceAll("(<title>|<h1>|^# )" + output + "\\b", "$1CORPUS")
                                .replaceAll(directory.getParent() + "/junit[-0-9]+/", "DIRECTORY/"));
            }
        }
        return contents;
    }
}
