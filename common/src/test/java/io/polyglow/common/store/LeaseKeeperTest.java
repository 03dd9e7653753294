package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaseKeeperTest {
    @TempDir
    private Path folder;

    /** How the next looks at the leases end: with these exceptions, or well. */
    private final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();

    private Lease lease() throws IOException {
        Store store = new LocalStore(folder);
        Store flaky = (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                    Exception failure = method.getName().equals("list") ? failures.poll() : null;
                    if (failure != null) {
                        throw failure;
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return Lease.take(flaky, "leases", "The run R", SystemNanoClock.INSTANCE, 0);
    }

    @Test
    @SuppressWarnings("try") // the keeper works by being open
    void shouldGoOnWhateverABeatFailsWith() throws Exception {
        CompletableFuture<PolyglowException> lost = new CompletableFuture<>();
        try (Lease lease = lease()) {
            failures.add(new IllegalStateException("the file system is closed"));
            failures.add(new UncheckedIOException(new IOException("stale file handle")));
            failures.add(new PolyglowException(ErrorKind.ENVIRONMENT, "no NameNode answers"));
            try (LeaseKeeper keeper = new LeaseKeeper(lease, lost::complete, 1)) {
                awaitBeat();
                assertThat(failures).isEmpty();
                assertThat(lost).isNotDone();
            }
        }
    }

    @Test
    @SuppressWarnings("try") // the keeper works by being open
    void shouldTellWhenSomebodyElseHasTheLease() throws Exception {
        CompletableFuture<PolyglowException> lost = new CompletableFuture<>();
        try (Lease lease = lease();
                LeaseKeeper keeper = new LeaseKeeper(lease, lost::complete, 1)) {
            awaitBeat();
            SmallFiles.create(new LocalStore(folder), "leases/000002.json", new JsonObject());
            assertThat(lost.get(30, TimeUnit.SECONDS).kind()).isEqualTo(ErrorKind.FENCED);
        }
    }

    private void awaitBeat() throws IOException {
        Store store = new LocalStore(folder);
        JsonObject content = SmallFiles.read(store, "leases/000001.json");
        while (content == null || content.getLong("beats") == 0) {
            LockSupport.parkNanos(1_000_000);
            content = SmallFiles.read(store, "leases/000001.json");
        }
    }
}
