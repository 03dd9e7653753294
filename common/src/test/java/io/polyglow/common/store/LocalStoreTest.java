package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
