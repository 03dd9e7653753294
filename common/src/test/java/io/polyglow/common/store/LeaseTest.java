package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.process.ProcessIdentity;
import io.polyglow.common.store.Lease.Owner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    private static final long STALE_AFTER_NS = TimeUnit.SECONDS.toNanos(10);
    private static final Owner A = owner("host-a.example", new ProcessIdentity("boot-a-1", 7, "100"));
    private static final Owner B = owner("host-b.example", new ProcessIdentity("boot-b-1", 7, "100"));

    @TempDir
    Path folder;

    private Store store;

    @BeforeEach
    void open() {
        store = new LocalStore(folder);
    }

    @Test
    void shouldBeFreeAfterItWasClosed() throws IOException {
        take(A, hurry()).close();
        Lease lease = take(B, new Still());
        lease.beat();
    }

    @Test
    void shouldRefuseTheSecondDriverWhenTheFirstBeats() throws IOException {
        Lease first = take(A, hurry());
        NanoClock beating = () -> {
            beat(first);
            return 0;
        };
        assertThatThrownBy(() -> take(B, beating))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageStartingWith(
                        "The run R is in use by process 7 on host-a.example (started 2026-11-23T00:00:00Z)");
        first.beat();
    }

    @Test
    void shouldTakeOverAndFenceTheOldOwnerWhenItStandsStill() throws IOException {
        Lease asleep = take(A, hurry());
        Lease second = take(B, hurry());
        assertFenced(asleep);
        asleep.close();
        second.beat();
        second.close();
        Lease third = take(owner("host-c.example", new ProcessIdentity("boot-c-1", 1, "100")), new Still());
        assertFenced(asleep);
        third.beat();
    }

    @Test
    void shouldTakeOverAtOnceWhenTheOwnerIsADeadProcessOfThisNamespace() throws Exception {
        Owner self = Owner.thisProcess();
        take(owner(self.host(), deadProcess(self.process().space())), hurry());
        take(self, new Still()).beat();
    }

    @Test
    void shouldWaitForADriverOfAnotherContainerOfThisHost() throws Exception {
        Owner self = Owner.thisProcess();
        Lease first =
                take(owner(self.host(), deadProcess("another-" + self.process().space())), hurry());
        NanoClock beating = () -> {
            beat(first);
            return 0;
        };
        assertThatThrownBy(() -> take(self, beating)).hasMessageContaining("in use by process");
        first.beat();
    }

    @Test
    void shouldReadALeaseThatDoesNotSayWhereItsProcessIdCounts() throws Exception {
        Owner self = Owner.thisProcess();
        JsonObject old = owner(self.host(), deadProcess(self.process().space())).content(3);
        JsonObject without = new JsonObject();
        for (String name : List.of("host", "pid", "started", "beats")) {
            without.put(name, old.get(name));
        }
        SmallFiles.create(store, "leases/000001.json", without);
        long[] looks = new long[1];
        NanoClock clock = () -> TimeUnit.SECONDS.toNanos(3 * looks[0]++);

        take(self, clock).requireHeld();

        assertThat(looks[0]).as("waited until it was stale").isGreaterThan(3);
    }

    private static Owner owner(String host, ProcessIdentity process) {
        return new Owner(host, "2026-11-23T00:00:00Z", process);
    }

    private static ProcessIdentity deadProcess(String space) throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        return new ProcessIdentity(space, dead.pid(), "100");
    }

    @Test
    void shouldWaitForAnotherDriverOfTheSameProcess() throws IOException {
        take(Owner.thisProcess(), hurry());
        long start = SystemNanoClock.INSTANCE.nanoTime();
        Lease.take(store, "leases", "The run R", SystemNanoClock.INSTANCE, TimeUnit.MILLISECONDS.toNanos(500));
        assertThat(SystemNanoClock.INSTANCE.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(490));
    }

    @Test
    void shouldLeaveOtherFilesOfItsDirectoryAlone() throws IOException {
        Stores.write(store, "leases/result.json", new byte[1]);
        Stores.write(store, "leases/000123.json.old", new byte[1]);

        try (Lease lease = take(A, hurry())) {
            lease.requireHeld();
            assertThat(store.list("leases")).extracting(Store.Entry::name).contains("000001.json");
        }
        assertThat(store.list("leases"))
                .extracting(Store.Entry::name)
                .containsExactly("000123.json.old", "result.json");
    }

    @Test
    void shouldBeSeenWhileItsOwnerBeats() throws Exception {
        try (Lease lease = take(A, hurry())) {
            AtomicBoolean over = new AtomicBoolean();
            Thread owner = new Thread(() -> {
                while (!over.get()) {
                    beat(lease);
                }
            });
            owner.start();
            try {
                for (int i = 0; i < 300; i++) {
                    lease.requireHeld();
                }
                assertThatThrownBy(() -> take(B, SystemNanoClock.INSTANCE)).hasMessageContaining("in use by process 7");
            } finally {
                over.set(true);
                owner.join();
            }
        }
    }

    @Test
    void shouldTellTwoOwnersApart() throws IOException {
        Lease first = take(A, hurry());
        Lease second = take(B, hurry());

        assertThat(first.token()).matches("[A-Za-z0-9._=-]+").isNotEqualTo(second.token());
        assertThatThrownBy(first::requireHeld).hasMessageContaining("taken over by another driver");
        second.requireHeld();
    }

    private Lease take(Owner owner, NanoClock clock) throws IOException {
        return Lease.take(store, "leases", "The run R", owner, clock, STALE_AFTER_NS);
    }

    private static void assertFenced(Lease lease) {
        assertThatThrownBy(lease::beat).isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.FENCED));
    }

    private static void beat(Lease lease) {
        try {
            lease.beat();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Every look takes six seconds. */
    private static NanoClock hurry() {
        long[] now = new long[1];
        return () -> now[0] += TimeUnit.SECONDS.toNanos(6);
    }

    /** Time that must not pass: with it, waiting for a stale lease never ends, and the test's deadline strikes. */
    private static final class Still implements NanoClock {
        @Override
        public long nanoTime() {
            return 0;
        }
    }
}
