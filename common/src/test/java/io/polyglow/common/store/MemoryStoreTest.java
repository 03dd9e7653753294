package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MemoryStoreTest extends StoreContractTest {
    private static final byte[] OLD = "old".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NEW = "a longer new content".getBytes(StandardCharsets.UTF_8);

    @Override
    protected Store store() {
        return new MemoryStore();
    }

    @Test
    void shouldLoseWhatWasNotSynced() throws IOException {
        MemoryStore store = new MemoryStore();
        Store.Output out = store.create("log");
        out.write(OLD);
        out.sync();
        out.write(NEW);
        Store.Output never = store.create("never-synced");
        never.write(NEW);
        never.close();
        store.crash();
        assertThat(text(store, "log")).isEqualTo("old");
        assertThat(store.exists("never-synced")).isFalse();
        assertThatThrownBy(() -> out.write(1)).hasMessageContaining("crashed");
    }

    @Test
    void shouldKeepATornTailWhenAsked() throws IOException {
        MemoryStore store = new MemoryStore();
        Store.Output out = store.create("log");
        out.write(OLD);
        out.sync();
        out.write("12345678".getBytes(StandardCharsets.UTF_8));
        store.crash(0.5);
        assertThat(text(store, "log")).isEqualTo("old1234");
        out.close();
    }

    /** The pattern for every crash test of this project: at each operation, then look at what the next process finds. */
    @Test
    void shouldShowOldOrNewBytesWhereverARewriteIsKilled() throws IOException {
        int operations = rewriteKilledAt(Integer.MAX_VALUE, 0).operations();
        assertThat(operations).isGreaterThan(5);
        for (int at = 4; at <= operations; at++) {
            for (double surviving : new double[] {0, 0.5, 1}) {
                MemoryStore store = rewriteKilledAt(at, surviving);
                assertThat(Stores.read(store, "f", 100))
                        .as("killed at operation %d", at)
                        .isIn(OLD, NEW);
                Stores.rewrite(store, "f", NEW);
                assertThat(Stores.read(store, "f", 100)).isEqualTo(NEW);
            }
        }
    }

    private static MemoryStore rewriteKilledAt(int operation, double surviving) throws IOException {
        MemoryStore store = new MemoryStore();
        Stores.write(store, "f", OLD);
        store.haltAt(operation);
        try {
            Stores.rewrite(store, "f", NEW);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("halted");
        }
        store.crash(surviving);
        return store;
    }

    @Test
    void shouldFailOnceWhereAsked() throws IOException {
        MemoryStore store = new MemoryStore();
        store.failAt(3);
        Store.Output out = store.create("f");
        out.write(OLD);
        assertThatThrownBy(out::sync).hasMessage("injected failure at operation 3: sync f");
        out.sync();
        assertThat(text(store, "f")).isEqualTo("old");
    }
}
