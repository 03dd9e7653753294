package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link Store} promises. A subclass opens an empty one. */
public abstract class StoreContractTest {
    /** A store with nothing in it, for one test. */
    protected abstract Store store() throws IOException;

    @Test
    protected void shouldReadBackWhatWasWritten() throws IOException {
        Store store = store();
        byte[] large = new byte[300_001];
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) ((i * 31) >>> 3);
        }
        try (Store.Output out = store.create("a/b/file.bin")) {
            out.write(7);
            out.write(large, 0, large.length);
            out.write(large, 5, 1);
            out.sync();
        }
        byte[] back = Stores.read(store, "a/b/file.bin", 1 << 20);
        assertThat(back).hasSize(large.length + 2).startsWith(7).endsWith(large[5]);
        assertThat(store.stat("a/b/file.bin")).isEqualTo(new Store.Entry("a/b/file.bin", false, large.length + 2));
        try (InputStream in = store.open("a/b/file.bin", 100_001)) {
            assertThat(in.read()).isEqualTo(large[100_000] & 0xFF);
        }
    }

    @Test
    protected void shouldReadAtTheEndAndRefuseToReadBeyond() throws IOException {
        Store store = store();
        write(store, "file", "abc");
        try (InputStream in = store.open("file", 3)) {
            assertThat(in.read()).isEqualTo(-1);
        }
        assertThatThrownBy(() -> store.open("file", 4).close()).isInstanceOf(EOFException.class);
    }

    @Test
    protected void shouldCreateAFileOnlyOnce() throws IOException {
        Store store = store();
        write(store, "file", "first");
        assertThatThrownBy(() -> store.create("file").close()).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(text(store, "file")).isEqualTo("first");
    }

    @Test
    protected void shouldShowSyncedBytesToReadersBeforeTheFileIsClosed() throws IOException {
        Store store = store();
        try (Store.Output out = store.create("log")) {
            out.write("one\n".getBytes(StandardCharsets.UTF_8));
            out.sync();
            assertThat(text(store, "log")).isEqualTo("one\n");
            out.write("two\n".getBytes(StandardCharsets.UTF_8));
            out.sync();
            assertThat(text(store, "log")).isEqualTo("one\ntwo\n");
        }
    }

    @Test
    protected void shouldAppendToAFileOrCreateIt() throws IOException {
        Store store = store();
        for (String line : List.of("one\n", "two\n", "three\n")) {
            try (Store.Output out = store.append("logs/run.jsonl")) {
                out.write(line.getBytes(StandardCharsets.UTF_8));
                out.sync();
            }
        }
        assertThat(text(store, "logs/run.jsonl")).isEqualTo("one\ntwo\nthree\n");
    }

    @Test
    protected void shouldTellHowManyBytesAFileHasSoFar() throws IOException {
        Store store = store();
        try (Store.Output out = store.append("log")) {
            assertThat(out.position()).isZero();
            out.write(new byte[3]);
            assertThat(out.position()).as("not synced yet").isEqualTo(3);
            out.sync();
            out.write(7);
            out.write(new byte[200_000]); // more than any buffer
            assertThat(out.position()).isEqualTo(200_004);
        }
        try (Store.Output out = store.append("log")) {
            assertThat(out.position()).isEqualTo(200_004);
            out.write(new byte[5], 1, 2);
            assertThat(out.position()).isEqualTo(200_006);
        }
        assertThat(store.stat("log").bytes()).isEqualTo(200_006);
    }

    @Test
    protected void shouldPublishADirectoryUnderANewName() throws IOException {
        Store store = store();
        write(store, "tmp-1/shard", "weights");
        write(store, "tmp-1/sub/manifest.json", "{}");
        store.publish("tmp-1", "checkpoints/step-1");
        assertThat(store.exists("tmp-1")).isFalse();
        assertThat(text(store, "checkpoints/step-1/shard")).isEqualTo("weights");
        assertThat(text(store, "checkpoints/step-1/sub/manifest.json")).isEqualTo("{}");
    }

    @Test
    protected void shouldNotPublishOverAnExistingName() throws IOException {
        Store store = store();
        write(store, "done/file", "old");
        write(store, "tmp/file", "new");
        assertThatThrownBy(() -> store.publish("tmp", "done")).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(text(store, "done/file")).isEqualTo("old");
        assertThat(text(store, "tmp/file")).isEqualTo("new");
        assertThat(store.list("done")).hasSize(1);
        assertThatThrownBy(() -> store.publish("missing", "fresh")).isInstanceOf(NoSuchFileException.class);
        assertThat(store.exists("fresh")).isFalse();
    }

    @Test
    protected void shouldLetOneOfTwoRacingPublishersWin() throws Exception {
        Store store = store();
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 5; round++) {
                String target = "step-" + round;
                CyclicBarrier start = new CyclicBarrier(2);
                List<Future<Boolean>> wins = new ArrayList<>();
                for (String writer : List.of("a", "b")) {
                    write(store, writer + "-" + target + "/who", writer);
                    wins.add(pool.submit(() -> {
                        start.await();
                        return tryPublish(store, writer + "-" + target, target);
                    }));
                }
                assertThat(wins.get(0).get() ^ wins.get(1).get())
                        .as("exactly one wins")
                        .isTrue();
                assertThat(text(store, target + "/who")).isEqualTo(wins.get(0).get() ? "a" : "b");
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private static boolean tryPublish(Store store, String from, String to) throws IOException {
        try {
            store.publish(from, to);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    @Test
    protected void shouldReplaceAFileWhetherItExistsOrNot() throws IOException {
        Store store = store();
        write(store, "new-1", "1");
        store.replace("new-1", "LATEST");
        write(store, "new-2", "2");
        store.replace("new-2", "LATEST");
        assertThat(text(store, "LATEST")).isEqualTo("2");
        assertThat(store.exists("new-2")).isFalse();
        assertThatThrownBy(() -> store.replace("missing", "LATEST")).isInstanceOf(NoSuchFileException.class);
        assertThat(text(store, "LATEST")).isEqualTo("2");
    }

    @Test
    protected void shouldListInOrderOfNames() throws IOException {
        Store store = store();
        write(store, "d/step-10", "x");
        write(store, "d/step-9", "xyz");
        write(store, "d/Sub/deep", "");
        assertThat(store.list("d"))
                .containsExactly(
                        new Store.Entry("d/Sub", true, 0),
                        new Store.Entry("d/step-10", false, 1),
                        new Store.Entry("d/step-9", false, 3));
        assertThat(store.list("").stream().map(Store.Entry::name)).containsExactly("d");
        assertThatThrownBy(() -> store.list("missing")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    protected void shouldMakeDirectoriesAndTellWhatExists() throws IOException {
        Store store = store();
        store.makeDirectory("x/y");
        store.makeDirectory("x/y");
        assertThat(store.exists("x")).isTrue();
        assertThat(store.stat("x/y")).isEqualTo(new Store.Entry("x/y", true, 0));
        assertThat(store.list("x/y")).isEmpty();
        assertThat(store.exists("z")).isFalse();
        assertThatThrownBy(() -> store.stat("z")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> store.open("z", 0).close()).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    protected void shouldDeleteFilesAndTrees() throws IOException {
        Store store = store();
        write(store, "d/a/b/c", "x");
        write(store, "d/file", "x");
        store.delete("d/file");
        store.delete("d/a");
        store.delete("d/never-was");
        assertThat(store.list("d")).isEmpty();
        store.delete("d");
        assertThat(store.exists("d")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x",
                "a/../../x",
                "/etc/passwd",
                "a//b",
                "a/",
                ".",
                "a/./b",
                "a\u0000b",
                "..%2fx",
                "a b",
                "~",
                "C:\\x",
                "é"
            })
    protected void shouldRefusePathsThatCouldLeaveTheRoot(String path) throws IOException {
        Store store = store();
        assertThatThrownBy(() -> store.create(path).close())
                .isInstanceOf(PolyglowException.class)
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.DATA);
        assertThatThrownBy(() -> store.open(path, 0).close()).isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> store.exists(path)).isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> store.publish("a", path)).isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> store.replace(path, "a")).isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> store.delete(path)).isInstanceOf(PolyglowException.class);
    }

    @Test
    protected void shouldNeverDeleteTheRoot() throws IOException {
        Store store = store();
        write(store, "file", "x");
        assertThatThrownBy(() -> store.delete("")).isInstanceOf(PolyglowException.class);
        assertThat(text(store, "file")).isEqualTo("x");
    }

    @Test
    protected void shouldPassTheWriteTestAndLeaveNothing() throws IOException {
        Store store = store();
        Stores.checkWritable(store);
        assertThat(store.list("")).isEmpty();
    }

    /** Writes a small text file durably. */
    protected static void write(Store store, String path, String text) throws IOException {
        Stores.write(store, path, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The text of a small file. */
    protected static String text(Store store, String path) throws IOException {
        return new String(Stores.read(store, path, 1 << 20), StandardCharsets.UTF_8);
    }
}
