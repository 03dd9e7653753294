package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CheckpointTest {
    private static final String STEP_2 = CheckpointDirectory.path(2);
    private static final String ONE_BEFORE =
            "The newest other checkpoint, step-00000001, has all its files in full length:"
                    + " to go on from it, move ";

    private final TokenDataset corpus = TestCorpus.of(300);
    private final MemoryStore run = new MemoryStore();

    private static TrainConfig config(String... overrides) {
        String[] all = Arrays.copyOf(overrides, overrides.length + 3);
        all[overrides.length] = "evaluate.every=0";
        all[overrides.length + 1] = "checkpoint.every=1";
        all[overrides.length + 2] = "optimizer.decay-steps=100";
        return TrainLab.config(all);
    }

    @BeforeEach
    void trainTwoSteps() throws Exception {
        TrainLab.train(config("stop-after=2", "layout.data=2", "layout.pipeline=2"), run, corpus, Start.NEW);
    }

    @Test
    void shouldBeHuggingFaceDirectoryWhenPublished() throws Exception {
        List<String> names = run.list(STEP_2).stream().map(Store.Entry::name).toList();
        assertThat(names)
                .contains("config.json", "tokenizer.json", "manifest.json", "model.safetensors.index.json")
                .contains("model-00001-of-00004.safetensors", "optimizer-00004-of-00004.safetensors")
                .hasSize(4 + 4 + 4);
        JsonObject index = json(STEP_2 + "/model.safetensors.index.json").getObject("weight_map");
        assertThat(index.names()).contains("transformer.wte.weight", "transformer.h.1.mlp.c_proj.bias");
        JsonObject config = json(STEP_2 + "/config.json");
        assertThat(config.getString("model_type")).isEqualTo("gpt2");
        assertThat(config.getInt("vocab_size")).isEqualTo(corpus.tokenizer().vocabSize());
    }

    private JsonObject json(String path) throws IOException {
        return Json.parseObject(path, Stores.read(run, path, 1 << 20));
    }

    @Test
    void shouldReadEveryFileThroughOneStreamWhenResumed() throws Exception {
        int before = run.opened().size();
        TrainLab.train(config("stop-after=3"), run, corpus, Start.RESUME);
        List<String> opened = run.opened();
        assertThat(opened.subList(before, opened.size()).stream()
                        .filter(path -> path.startsWith(STEP_2) && path.endsWith(".safetensors")))
                .as("weights and moments of four ranks, restored by one")
                .hasSize(4 + 4)
                .doesNotHaveDuplicates();
    }

    @Test
    void shouldNameFileWhenAnyFileIsTruncatedOrMissing() throws Exception {
        for (Store.Entry entry : run.list(STEP_2)) {
            byte[] bytes = Stores.read(run, entry.path(), 1 << 20);
            Stores.rewrite(run, entry.path(), Arrays.copyOf(bytes, bytes.length - 1));
            assertRefused(entry.name());
            run.delete(entry.path());
            assertRefused(entry.name());
            Stores.write(run, entry.path(), bytes);
        }
        readAll();
    }

    @Test
    void shouldNameFileWhenAnyByteIsFlipped() throws Exception {
        for (Store.Entry entry : run.list(STEP_2)) {
            byte[] bytes = Stores.read(run, entry.path(), 1 << 20);
            int stride = Math.max(1, bytes.length / 50);
            for (int at = 0; at < bytes.length; at += stride) {
                bytes[at] ^= 0x10;
                Stores.rewrite(run, entry.path(), bytes);
                assertRefused(entry.name());
                bytes[at] ^= 0x10;
            }
            Stores.rewrite(run, entry.path(), bytes);
        }
        readAll();
    }

    /** Reads everything that a resume or an evaluation would. */
    private void readAll() {
        Checkpoint checkpoint = new CheckpointDirectory(run).open(2);
        checkpoint.verify();
        checkpoint.weightsSha256();
    }

    private void assertRefused(String name) {
        PolyglowException error = catchThrowableOfType(PolyglowException.class, this::readAll);
        assertThat(error).as("damaged %s", name).isNotNull();
        assertThat(error.kind()).isEqualTo(ErrorKind.CHECKPOINT);
        assertThat(error).hasMessageContaining(name).hasMessageContaining(ONE_BEFORE);
    }

    @Test
    void shouldNameTheDamagedBytesAsCloselyAsTheyAreKnown() throws Exception {
        String file = STEP_2 + "/model-00001-of-00004.safetensors";
        byte[] bytes = Stores.read(run, file, 1 << 20);
        int header =
                8 + (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        bytes[header + 2] ^= 1;
        Stores.rewrite(run, file, bytes);
        PolyglowException error = catchThrowableOfType(PolyglowException.class, this::readAll);
        assertThat(error)
                .hasMessageContaining(file + ": damaged somewhere in bytes [" + header + ", ")
                .hasMessageContaining("), tensor '");
    }

    @Test
    void shouldNotSendToOtherCheckpointsThatAreNotWhole() throws Exception {
        truncate(STEP_2 + "/config.json");
        truncate(CheckpointDirectory.path(1) + "/config.json");
        assertThatThrownBy(this::readAll)
                .hasMessageContaining("No other checkpoint is whole either: put an undamaged copy in the place of ");
        run.delete(CheckpointDirectory.path(1));
        assertThatThrownBy(this::readAll)
                .hasMessageContaining("There is no other checkpoint: put an undamaged copy in the place of ");
    }

    private void truncate(String path) throws IOException {
        byte[] bytes = Stores.read(run, path, 1 << 20);
        Stores.rewrite(run, path, Arrays.copyOf(bytes, bytes.length - 1));
    }

    @Test
    void shouldRefuseResumeBeforeTrainingWhenTensorIsDamaged() throws Exception {
        for (String file : List.of("model-00001-of-00004.safetensors", "optimizer-00003-of-00004.safetensors")) {
            byte[] bytes = Stores.read(run, STEP_2 + "/" + file, 1 << 20);
            bytes[bytes.length - 3] ^= 1;
            Stores.rewrite(run, STEP_2 + "/" + file, bytes);
            TrainLab.Run result = TrainLab.attempt(config(), run, corpus, Start.RESUME);
            assertThat(result.steps()).isEmpty();
            assertThat(((PolyglowException) result.errors().get(0)).kind()).isEqualTo(ErrorKind.CHECKPOINT);
            assertThat(result.errors().get(0))
                    .hasMessageContaining(file)
                    .hasMessageContaining("damaged somewhere in bytes [")
                    .hasMessageContaining(ONE_BEFORE);
            bytes[bytes.length - 3] ^= 1;
            Stores.rewrite(run, STEP_2 + "/" + file, bytes);
        }
        assertThat(new CheckpointDirectory(run).steps()).containsExactly(1L, 2L);
    }

    @Test
    void shouldRefuseWhenCheckpointBelongsToAnotherRun() throws Exception {
        MemoryStore other = new MemoryStore();
        TrainLab.train(config("stop-after=1"), other, corpus, Start.NEW);
        for (Store.Entry entry : run.list(STEP_2)) {
            Stores.write(other, entry.path(), Stores.read(run, entry.path(), 1 << 20));
        }
        assertThat(TrainLab.attempt(config(), other, corpus, Start.RESUME)
                        .errors()
                        .get(0))
                .hasMessageContaining("belongs to run");
    }

    @Test
    void shouldRefuseWhenManifestIsEditedOrTooNew() throws Exception {
        String path = STEP_2 + "/manifest.json";
        String text = new String(Stores.read(run, path, 1 << 20), StandardCharsets.UTF_8);
        Stores.rewrite(
                run, path, text.replace("\"version\": 1", "\"version\": 2").getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(this::readAll)
                .hasMessageContaining("format version 2")
                .hasMessageNotContaining("move");
        Stores.rewrite(run, path, text.replace("\"step\": 2", "\"step\": 3").getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(this::readAll).hasMessageContaining("damaged or edited");
        for (String name : List.of("../x", "a/b", "/etc/passwd", "..", "a%2fb", "a\\u0000b")) {
            String crafted = text.replace("\"config.json\"", "\"" + name + "\"");
            assertThatThrownBy(() -> Manifest.decode("m", crafted.getBytes(StandardCharsets.UTF_8), () -> ""))
                    .isInstanceOf(PolyglowException.class);
        }
    }

    @Test
    void shouldKeepNewestWhenRetiring() throws Exception {
        TrainLab.train(config("checkpoint.keep=2", "steps=5"), run, corpus, Start.RESUME);
        assertThat(new CheckpointDirectory(run).steps()).containsExactly(4L, 5L);
    }

    @Test
    void shouldFenceOlderAttemptWhenNewerHasStarted() throws Exception {
        Attempt old = Attempt.current(run);
        Attempt newer = Attempt.claim(run);
        assertThat(newer.number()).isEqualTo(old.number() + 1);
        assertThat(newer.runId()).isEqualTo(old.runId());
        PolyglowException fenced = catchThrowableOfType(PolyglowException.class, () -> old.requireNewest(run));
        assertThat(fenced.kind()).isEqualTo(ErrorKind.FENCED);
        newer.requireNewest(run);
    }

    @Test
    void shouldTellADirectoryFromOneOfTheSameNameOnAnotherMachine() throws Exception {
        Attempt attempt = Attempt.current(run);
        MemoryStore elsewhere = new MemoryStore();
        assertThatThrownBy(() -> attempt.requireSameDirectory(elsewhere))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("is not the driver's");
        Attempt.claim(elsewhere);
        assertThatThrownBy(() -> attempt.requireSameDirectory(elsewhere)).hasMessageContaining("is not the driver's");
        attempt.requireSameDirectory(run);
        Attempt.claim(run);
        attempt.requireSameDirectory(run); // a newer one fences it elsewhere
    }

    @Test
    void shouldNotPublishWhenNewerAttemptHasClaimedRun() throws Exception {
        Attempt old = Attempt.current(run);
        CheckpointDirectory checkpoints = new CheckpointDirectory(run);
        Stores.write(run, CheckpointDirectory.unfinished(old, 9) + "/manifest.json", new byte[] {1});
        Attempt.claim(run);
        assertThatThrownBy(() -> checkpoints.publish(old, 9)).isInstanceOf(IOException.class);
        assertThat(checkpoints.steps()).containsExactly(1L, 2L);
    }

    @Test
    void shouldFenceRunningJobWhenAnotherStartsOnSameDirectory() throws Exception {
        MemoryStore shared = new MemoryStore();
        int[] claims = {0};
        TrainLab.Run result = TrainLab.attempt(config("steps=40"), shared, corpus, Start.NEW, metrics -> {
            if (metrics.step() == 3 && claims[0]++ == 0) {
                Attempt.claim(shared);
            }
        });
        assertThat(((PolyglowException) result.errors().get(0)).kind()).isEqualTo(ErrorKind.FENCED);
        assertThat(new CheckpointDirectory(shared).steps()).doesNotContain(4L);
    }
}
