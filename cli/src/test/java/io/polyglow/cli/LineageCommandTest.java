package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.dataprep.tokenize.CharTrainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    }

    @Test
    void shouldListTheDocumentsOfTheLastStepAndRefuseTheOneAfterIt() {
        assertThat(lineage("5", 0)).contains("train-00000");
        assertThat(lineage("6", 64)).contains("--step 6 was never taken", "last step is 5.");
        assertThat(lineage("0", 64)).contains("before the first step");
    }

    @Test
    void shouldSayThatARunHasTakenNoStep() throws IOException {
        Files.delete(folder.resolve("run/metrics.jsonl"));

        assertThat(lineage("1", 64)).contains("has taken no step yet");
    }
}
