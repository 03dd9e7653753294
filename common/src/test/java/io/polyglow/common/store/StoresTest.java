package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class StoresTest {
    @Test
    void shouldOpenPathsAndFileUrisAsLocalFolders() {
        assertThat(Stores.open("some/run").root())
                .isEqualTo(Path.of("some/run").toAbsolutePath().toString());
        assertThat(Stores.open("file:some/run").root())
                .isEqualTo(Path.of("some/run").toAbsolutePath().toString());
        assertThat(Stores.open("file:///data/run").root()).isEqualTo("/data/run");
        assertThat(Stores.open("file:/data/a%20b").root()).isEqualTo("/data/a b");
        assertThat(Stores.open("./s3:x").root()).endsWith("/s3:x");
    }

    @Test
    void shouldNameTheKnownSchemesWhenOneIsUnknown() {
        assertThatThrownBy(() -> Stores.open("s4://bucket/run"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("'s4' is unknown; known are file")
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.USAGE);
        assertThatThrownBy(() -> Stores.open("file://host/x")).isInstanceOf(PolyglowException.class);
    }

    @Test
    void shouldBoundWhatItReads() throws IOException {
        MemoryStore store = new MemoryStore();
        Stores.write(store, "f", new byte[11]);
        assertThat(Stores.read(store, "f", 11)).hasSize(11);
        assertThatThrownBy(() -> Stores.read(store, "f", 10))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("memory:/f: longer than 10 bytes");
    }
}
