package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Everything on an embedded HDFS: the first commands each start it again, at another address, later ones join one that runs, and all must find what the earlier ones left. */
@Timeout(300)
class EmbeddedHdfsTest {
    private static final Path ROOT = Path.of(System.getProperty("polyglow.root"));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private String run(String... args) {
        out.reset();
        err.reset();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                () -> 0);
        int exit = Main.commandLine(console, false).execute(args);
        assertThat(exit).as(() -> err.toString(StandardCharsets.UTF_8)).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    private String on(String path) {
        return "hdfs-embedded:" + folder.resolve("hdfs") + ":" + path;
    }

    private String[] train() {
        List<String> args = new ArrayList<>(
                List.of("train", ROOT.resolve("configs/train/nano.yaml").toString(), "--master", "local[1]"));
        for (String set : List.of(
                "data=" + on("/corpus"),
                "run=" + on("/run"),
                "engine=reference",
                "steps=4",
                "stop-after=2",
                "batch.global=2",
                "batch.micro=1",
                "model.layers=1",
                "model.heads=1",
                "model.channels=8",
                "model.context=8",
                "optimizer.warmup-steps=1",
                "checkpoint.every=2",
                "evaluate.every=0")) {
            args.addAll(List.of("--set", set));
        }
        return args.toArray(String[]::new);
    }

    @Test
    void shouldWorkWithTheLinesThatCommandsPrint() throws IOException {
        Files.writeString(folder.resolve("text.txt"), "The quick brown fox jumps over the lazy dog.\n".repeat(200));
        String prepared = run(
                "prepare",
                ROOT.resolve("configs/prepare/udhr.yaml").toString(),
                "--master",
                "local[2]",
                "--set",
                "input=" + folder.resolve("text.txt"),
                "--set",
                "output=" + on("/corpus"),
                "--set",
                "format=text",
                "--set",
                "language=en",
                "--set",
                "split.mode=contiguous",
                "--set",
                "split.validation=0.2",
                "--set",
                "tokenizer.vocab-size=300");
        assertThat(prepared).contains("--set data=" + on("/corpus") + " ").doesNotContain("127.0.0.1");

        assertThat(run(train())).contains("Next: polyglow resume " + on("/run"));
        assertThat(run("resume", on("/run"), "--master", "local[1]", "--set", "steps=6"))
                .contains("Done at step 6")
                .contains("polyglow evaluate " + on("/run"));
        assertThat(run(
                        "resume",
                        on("/run"),
                        "--master",
                        "local[1]",
                        "--set",
                        "steps=8",
                        "--set",
                        "data=" + on("/corpus")))
                .contains("Done at step 8");
        try (Locations held = new Locations()) {
            held.resolve(on("/"));
            useTheModel();
            traceAndTakeDown();
        }
    }

    private void useTheModel() {
        assertThat(run("evaluate", on("/run"), "--sequences", "2")).contains("Step 8");
        assertThat(run("generate", on("/run"), "--prompt", "The", "--max-tokens", "2"))
                .startsWith("The");
        // the first new token comes with the pass of the prompt
        run("generate", on("/run"), "--prompt", "The quick brown", "--max-tokens", "5", "--temperature", "0");
        assertThat(err.toString(StandardCharsets.UTF_8))
                .containsPattern("step 8; prefill: 3 tokens, [0-9]+ tokens/s; decode: 4 tokens, [0-9]+ tokens/s");

        JsonObject found = inspect(on("/run"));
        assertThat(found.getString("path")).isEqualTo(on("/run"));
        assertThat(found.getLong("step")).isEqualTo(8);
        assertThat(inspect(on("/run") + "/" + found.getString("checkpoint")).getString("weights_sha256"))
                .isEqualTo(found.getString("weights_sha256"));
        assertThat(inspect(on("/corpus")).getString("path")).isEqualTo(on("/corpus"));
    }

    private void traceAndTakeDown() {
        String step = run("lineage", on("/run"), "--step", "3", "--sources", "--json", "--master", "local[1]");
        List<JsonObject> parts = Json.parseObject("lineage", step.getBytes(StandardCharsets.UTF_8))
                .getArray("documents")
                .objects();
        assertThat(parts).hasSize(2).allSatisfy(part -> {
            assertThat(part.getString("source")).isEqualTo("text.txt");
            assertThat(part.getString("shard")).isEqualTo("train-00000");
            assertThat(part.getLong("tokens")).isEqualTo(9);
        });
        String id = parts.get(0).getString("id");
        assertThat(run("lineage", on("/corpus"), "--document", id)).contains("train-00000", "validation-00000");
        assertThat(run("lineage", on("/run"), "--document", id))
                .contains("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]");
        assertThat(run(
                        "takedown",
                        on("/corpus"),
                        "--source",
                        "text.txt",
                        "--reason",
                        "its author asked",
                        "--master",
                        "local[1]"))
                .contains("Take-down 1: 1 document, rewritten: train-00000, validation-00000")
                .contains("report.html and DATACARD.md told of the corpus before and are deleted");
        assertThat(inspect(on("/corpus")).getLong("documents")).isZero();
        assertThat(run("lineage", on("/run"), "--step", "3")).contains(id, "train-00000", "take-down 1");
        assertThat(run("lineage", on("/corpus"), "--source", "text.txt", "--master", "local[1]"))
                .contains(id, "none", "text.txt", "kept", "its author asked");
    }

    private JsonObject inspect(String path) {
        String json = run("inspect", path, "--json");
        return Json.parseObject("inspect", json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldBeCheckedByTheDoctor() {
        String checked = run("doctor", "--json", "--store", on("/"));

        assertThat(Json.parseObject("doctor", checked.getBytes(StandardCharsets.UTF_8))
                        .getObject("store " + on("/"))
                        .getBoolean("fit"))
                .isTrue();
    }
}
