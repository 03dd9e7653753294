package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.dataprep.tokenize.CharTrainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which documents are behind a step, of a run that took five. */
class LineageCommandTest {
    private static final String NANO = Path.of(System.getProperty("polyglow.root"))
            .resolve("configs/train/nano.yaml")
            .toString();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... args) {
        out.reset();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                () -> 0);
        return Main.commandLine(console, false).execute(args);
    }

    private String lineage(String step, int exit) {
        assertThat(run("lineage", folder.resolve("run").toString(), "--step", step))
                .as(() -> err.toString(StandardCharsets.UTF_8))
                .isEqualTo(exit);
        return (exit == 0 ? out : err).toString(StandardCharsets.UTF_8);
    }

    @BeforeEach
    void makeCorpusAndRun() throws IOException {
        ByteLevelBpe tokenizer = new ByteLevelBpe(new CharTrainer(List.of("<|endoftext|>"), true).train());
        try (LocalStore store = new LocalStore(folder);
                TokenShardWriter writer = TokenShardWriter.create(store, "corpus", "train-00000", TokenType.UINT16)) {
            int[] ids = tokenizer.encode("A line of text for the model to learn from.".repeat(20));
            for (int d = 0; d < 10; d++) {
                writer.append(new ShardEntry(new DocumentId(1, d), 0, "eng_Latn", ids.length), ids, 0, ids.length);
            }
            List<ShardInfo> shards = List.of(writer.finish());
            CorpusManifest.of(tokenizer, shards, List.of()).write(store, "corpus", tokenizer);
        }
        Path run = Files.createDirectory(folder.resolve("run"));
        assertThat(run("config", "show", NANO, "--set", "data=" + folder.resolve("corpus"), "--set", "run=" + run))
                .isZero();
        Files.writeString(run.resolve("config.yaml"), out.toString(StandardCharsets.UTF_8));
        StringBuilder metrics = new StringBuilder();
        for (int step = 1; step <= 5; step++) {
            metrics.append("{\"step\":").append(step).append("}\n");
        }
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
        writeCheckpoint(fingerprint());
    }

    private String fingerprint() throws IOException {
        try (LocalStore store = new LocalStore(folder)) {
            return CorpusManifest.read(store, "corpus").fingerprint();
        }
    }

    /** That of step 4, on one rank. */
    private void writeCheckpoint(String trained) throws IOException {
        writeCheckpoint(trained, 4, 1, 1);
    }

    /** Without weights. */
    private void writeCheckpoint(String trained, long step, int attempt, int replicas) throws IOException {
        String blank = Json.pretty(new JsonObject()
                .put("crc32c", "00000000")
                .put("format", "polyglow-checkpoint")
                .put("version", 1)
                .put("run_id", "r")
                .put("attempt", attempt)
                .put("step", step)
                .put("samples", 0)
                .put("layout", new JsonObject().put("data", replicas).put("pipeline", 1))
                .put("engine", "cpu")
                .put("dtype", "float32")
                .put("data_fingerprint", trained)
                .put("tokenizer_sha256", "")
                .put("code_version", "")
                .put("config", "")
                .put("files", List.of())
                .put("tensors", List.of())
                .put("slices", List.of()));
        CRC32C crc = new CRC32C();
        crc.update(blank.getBytes(StandardCharsets.UTF_8));
        Path checkpoint = Files.createDirectories(folder.resolve("run/checkpoints/step-0000000" + step));
        Files.writeString(
                checkpoint.resolve("manifest.json"),
                blank.replaceFirst("00000000", String.format(Locale.ROOT, "%08x", crc.getValue())));
    }

    private List<JsonObject> ofRank(long step, int rank) {
        assertThat(run("lineage", folder.resolve("run").toString(), "--step", "" + step, "--rank", "" + rank, "--json"))
                .as(() -> err.toString(StandardCharsets.UTF_8))
                .isZero();
        return Json.parseObject("lineage", out.toByteArray())
                .getArray("documents")
                .objects();
    }

    /** Steps 1 and 2 on one rank, 3 and 4 on four, 5 on one again, as the config says. */
    @Test
    void shouldTellOfARankOfTheLayoutThatComputedTheStep() throws IOException {
        writeCheckpoint(fingerprint(), 2, 1, 1);
        writeCheckpoint(fingerprint(), 4, 2, 4);

        assertThat(ofRank(1, 0)).hasSizeGreaterThan(ofRank(3, 3).size());
        assertThat(ofRank(5, 0)).hasSizeGreaterThan(ofRank(4, 3).size());
        assertThat(run("lineage", folder.resolve("run").toString(), "--step", "2", "--rank", "3"))
                .isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("step 2 was computed by ranks 0 to 0 (data 1");
    }

    @Test
    void shouldNotGuessTheLayoutOfAStepWhoseCheckpointIsGone() throws IOException {
        String[] first = {"lineage", folder.resolve("run").toString(), "--step", "1", "--rank", "0"};
        writeCheckpoint(fingerprint(), 4, 2, 1);
        assertThat(run(first)).isZero();

        writeCheckpoint(fingerprint(), 4, 2, 4);
        assertThat(run(first)).isEqualTo(65);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("which layout computed step 1 is not recorded");
        assertThat(lineage("1", 0)).contains("train-00000");
    }

    private void takeDown(long document) throws IOException {
        try (LocalStore store = new LocalStore(folder)) {
            Tombstone.Taken taken = new Tombstone.Taken(new DocumentId(1, document), null);
            Takedown.run(store, "corpus", List.of(taken), "its author asked", Instant.EPOCH);
        }
    }

    @Test
    void shouldListTheDocumentsOfTheLastStepAndRefuseTheOneAfterIt() {
        assertThat(lineage("5", 0)).contains("train-00000");
        assertThat(lineage("6", 64)).contains("--step 6 was never taken", "last step is 5.");
        assertThat(lineage("0", 64)).contains("before the first step");
    }

    @Test
    void shouldRefuseWhatNothingTellsTheCorpusOf() throws IOException {
        writeCheckpoint("another");
        assertThat(lineage("1", 65)).contains("fingerprint another", "put it back");

        Files.delete(folder.resolve("run/checkpoints/step-00000004/manifest.json"));
        Files.delete(folder.resolve("run/checkpoints/step-00000004"));
        assertThat(lineage("1", 65)).contains("has no checkpoint yet");
    }

    @Test
    void shouldTellOfARunWhoseDocumentsWereTakenDownSince() throws IOException {
        String before = lineage("5", 0);
        takeDown(3);
        takeDown(4);

        String after = lineage("5", 0);

        assertThat(after).startsWith(before);
        for (DocumentId gone : List.of(new DocumentId(1, 3), new DocumentId(1, 4))) {
            String notice = "Document " + gone + " was taken out of the corpus by take-down " + (gone.low() - 2);
            assertThat(after.contains(notice)).isEqualTo(before.contains(gone.toString()));
        }
    }

    @Test
    void shouldTellOfADocumentThatWasTakenDownAndRefuseOneThatNobodyKnows() throws IOException {
        String run = folder.resolve("run").toString();
        String corpus = folder.resolve("corpus").toString();
        String gone = new DocumentId(1, 3).toString();
        assertThat(run("lineage", run, "--document", gone)).isZero();
        String before = out.toString(StandardCharsets.UTF_8);
        takeDown(3);

        assertThat(run("lineage", run, "--document", gone)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith(before)
                .contains("take-down 1 of 1970-01-01T00:00:00Z: its author asked");
        assertThat(run("lineage", corpus, "--document", gone, "--json")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("\"takedown\": 1")
                .doesNotContain("shard");
        assertThat(run("lineage", corpus, "--document", new DocumentId(9, 9).toString()))
                .isEqualTo(65);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("the tables that tell why are not beside the corpus");
    }

    @Test
    void shouldNoticeAMissingTombstoneWhenTheCorpusIsInspected() throws IOException {
        String corpus = folder.resolve("corpus").toString();
        takeDown(3);
        assertThat(run("inspect", corpus)).isZero();

        try (LocalStore store = new LocalStore(folder)) {
            store.delete("corpus/takedown");
        }

        assertThat(run("inspect", corpus)).isEqualTo(65);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("corpus/takedown/");
    }

    @Test
    void shouldAskForOneThingToLookFor() {
        assertThat(run("lineage", "run", "--step", "1", "--source", "a.txt")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--step N of a run, --document ID, --source FILE[:LINE]");
    }
}
