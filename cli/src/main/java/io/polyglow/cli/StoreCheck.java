package io.polyglow.cli;

import io.polyglow.cli.DoctorCommand.Finding;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/** Tries on a small scale what a checkpoint does: create, sync, publish by rename, read back, delete. */
final class StoreCheck {
    private static final byte[] CONTENT = "polyglow doctor".getBytes(StandardCharsets.UTF_8);

    private StoreCheck() {}

    static Finding of(String location, Locations locations) {
        NanoClock clock = SystemNanoClock.INSTANCE;
        try (Store store = Stores.open(locations.resolve(location))) {
            long startNs = clock.nanoTime();
            String name = "polyglow-doctor-" + ProcessHandle.current().pid();
            try {
                roundTrip(store, name);
            } finally {
                store.delete(name);
                store.delete(name + ".tmp");
            }
            String took = String.format(Locale.ROOT, "%.0f ms", (clock.nanoTime() - startNs) / 1e6);
            return Finding.good("store " + location, "create, sync, rename, read and delete work (" + took + ")");
        } catch (IOException | RuntimeException e) {
            return Finding.bad(
                    "store " + location,
                    String.valueOf(e.getMessage()),
                    "Check that the location exists, is reachable, and may be written by "
                            + System.getProperty("user.name") + ".");
        }
    }

    private static void roundTrip(Store store, String name) throws IOException {
        try (Store.Output out = store.create(name + ".tmp/file")) {
            out.write(CONTENT);
            out.sync();
        }
        store.publish(name + ".tmp", name);
        try (InputStream in = store.open(name + "/file", 0)) {
            if (!Arrays.equals(in.readAllBytes(), CONTENT)) {
                throw new IOException("what was read back differs from what was written");
            }
        }
    }
}
