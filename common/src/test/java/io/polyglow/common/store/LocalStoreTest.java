package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStoreTest extends StoreContractTest {
    @TempDir
    Path directory;

    @Override
    protected Store store() {
        return new LocalStore(directory.resolve("not/yet/there"));
    }

    @Test
    void shouldCreateNothingUntilTheFirstWrite() throws IOException {
        Store store = store();
        assertThat(store.exists("")).isFalse();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldHideAndCollectTheRestOfAnInterruptedDelete() throws IOException {
        Store store = store();
        write(store, "checkpoints/step-1/shard", "x");
        write(store, "checkpoints/step-2/shard", "x");
        Path parent = Path.of(store.root(), "checkpoints");
        Files.move(parent.resolve("step-1"), parent.resolve(".deleted-step-1"));
        assertThat(store.list("checkpoints")).extracting(Store.Entry::name).containsExactly("step-2");
        store.delete("checkpoints/step-2");
        assertThat(parent).isEmptyDirectory();
    }

    /** What a user calls his files is no manifest's, which must not reach out of a store. */
    @Test
    void shouldTakeAnyNamesWhereAUserGaveThem() throws IOException {
        LocalStore store = LocalStore.ofFreeNames(directory);
        Stores.rewrite(store, "Mein Tökenizer (2).json", new byte[] {1});
        assertThat(store.list("")).extracting(Store.Entry::name).containsExactly("Mein Tökenizer (2).json");
        assertThat(directory.resolve("Mein Tökenizer (2).json")).isRegularFile();
        for (String path : List.of("..", "a/../b", "a//b", "a/.")) {
            assertThatThrownBy(() -> store.create(path)).hasMessageContaining("Refused the path");
        }
        assertThatThrownBy(() -> store.delete("")).hasMessageContaining("root of the store");
    }

    /** Two trees of allowed depth, one moved into the other: the kernel does it, and then no path reaches the bottom. */
    @Test
    void shouldFailWithAnIoExceptionWhenATreeCannotBeRead() throws IOException {
        Store store = store();
        Path deep = Path.of(store.root(), "deep");
        Path deeper = Path.of(store.root(), "deeper");
        Files.createDirectories(chain(deep));
        Files.createDirectories(chain(deeper));
        Files.move(deeper, chain(deep).resolve("deeper"));
        try {
            assertThatThrownBy(() -> store.publish("deep", "published"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("name too long");
            assertThat(store.exists("published")).isFalse();
        } finally { // or the folder could not be deleted
            Files.move(chain(deep).resolve("deeper"), deeper);
        }
    }

    private static Path chain(Path from) {
        Path last = from;
        for (int i = 0; i < 12; i++) {
            last = last.resolve("n".repeat(200));
        }
        return last;
    }

    /** As one lists the checkpoints of a run that publishes and retires them. */
    @Test
    void shouldListBesideAnotherThatMovesEntries() throws Exception {
        Store store = store();
        write(store, "checkpoints/step-1/shard", "x");
        ExecutorService mover = Executors.newSingleThreadExecutor();
        try {
            Path here = Path.of(store.root(), "checkpoints/step-1");
            Future<?> moving = mover.submit(() -> {
                for (int i = 0; i < 20_000; i++) {
                    Path there = here.resolveSibling("retired-" + i);
                    Files.move(here, there);
                    Files.move(there, here);
                }
                return null;
            });
            while (!moving.isDone()) {
                assertThat(store.list("checkpoints")).hasSizeLessThanOrEqualTo(2);
            }
            moving.get();
        } finally {
            mover.shutdownNow();
        }
    }

    /** Each collects what the others have yet to delete. */
    @Test
    void shouldDeleteBesideOthersThatDelete() throws Exception {
        Store store = store();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 20; round++) {
                List<Callable<Void>> deletes = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    String tree = "checkpoints/step-" + i;
                    for (int file = 0; file < 30; file++) {
                        store.makeDirectory(tree + "/parts/" + file);
                    }
                    deletes.add(() -> {
                        store.delete(tree);
                        return null;
                    });
                }
                for (Future<Void> delete : threads.invokeAll(deletes)) {
                    delete.get();
                }
                assertThat(Path.of(store.root(), "checkpoints")).isEmptyDirectory();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shouldSayWhatToCheckWhenItCannotBeWritten() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");
        assertThatThrownBy(() -> Stores.checkWritable(new LocalStore(file.resolve("run"))))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("Cannot write to " + file.resolve("run"))
                .hasMessageContaining("permissions")
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.ENVIRONMENT);
    }
}
