package io.polyglow.common.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TensorBoardEventsTest {
    /** Read back once with TensorBoard's own event loader, then pinned. */
    private static final String GOLDEN =
            "1a00000000000000129bd82d0900002040fc54d94110001a0d627261696e2e4576656e743a32bf8a691d"
                    + "0f000000000000006d532b090900002040fc54d94110013a020801e50ad869"
                    + "420000000000000079f36eaa0900002040fc54d94110ac022a340a0b0a046c6f737315000020400a250a1e76616c69646174696f6e5f6c6f73735f62795f6c616e67756167652f7a6815000040404f89db61";

    private static byte[] write(MemoryStore run) throws IOException {
        try (TensorBoardEvents events =
                TensorBoardEvents.create(run, 1, Retry.none(), () -> {}, () -> 1_700_000_000_500L)) {
            events.scalars(
                    300,
                    new JsonObject()
                            .put("step", 300)
                            .put("loss", 2.5)
                            .put("note", "not a number")
                            .put("validation_loss_by_language", Map.of("zh", 3)));
            events.sync();
        }
        return Stores.read(run, "events.out.tfevents.1700000000.polyglow", 10_000);
    }

    @Test
    void shouldWriteWhatTensorBoardReads() throws IOException {
        assertThat(HexFormat.of().formatHex(write(new MemoryStore()))).isEqualTo(GOLDEN);
    }

    @Test
    void shouldNotOverwriteTheEventsOfAnAttemptInTheSameSecond() throws IOException {
        MemoryStore run = new MemoryStore();
        write(run);
        TensorBoardEvents.create(run, 301, Retry.none(), () -> {}, () -> 1_700_000_000_900L)
                .close();
        List<Store.Entry> files = run.list("");
        assertThat(files)
                .extracting(Store.Entry::name)
                .containsExactly(
                        "events.out.tfevents.1700000000.polyglow", "events.out.tfevents.1700000000.polyglow.2");
    }
}
