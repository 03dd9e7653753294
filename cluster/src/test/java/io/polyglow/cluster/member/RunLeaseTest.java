package io.polyglow.cluster.member;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.member.RunLease.Owner;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLeaseTest {
    private static final long STALE_AFTER_NS = TimeUnit.SECONDS.toNanos(10);
    private static final Owner A = new Owner("host-a.example", 7, "2026-11-23T00:00:00Z");
    private static final Owner B = new Owner("host-b.example", 7, "2026-11-23T00:00:00Z");

    @TempDir
    Path folder;

    private Store store;

    @BeforeEach
    void open() {
        store = new LocalStore(folder);
    }

    @Test
    void shouldBeFreeAfterItWasClosed() throws IOException {
        RunLease.take(store, A, hurry(), STALE_AFTER_NS).close();
        RunLease lease = RunLease.take(store, B, new Still(), STALE_AFTER_NS);
        lease.beat();
    }

    @Test
    void shouldRefuseTheSecondDriverWhenTheFirstBeats() throws IOException {
        RunLease first = RunLease.take(store, A, hurry(), STALE_AFTER_NS);
        NanoClock beating = () -> {
            beat(first);
            return 0;
        };
        assertThatThrownBy(() -> RunLease.take(store, B, beating, STALE_AFTER_NS))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("in use by process 7 on host-a.example");
        first.beat();
    }

    @Test
    void shouldTakeOverAndFenceTheOldOwnerWhenItStandsStill() throws IOException {
        RunLease asleep = RunLease.take(store, A, hurry(), STALE_AFTER_NS);
        RunLease second = RunLease.take(store, B, hurry(), STALE_AFTER_NS);
        assertFenced(asleep);
        asleep.close();
        second.beat();
        second.close();
        RunLease third = RunLease.take(store, new Owner("host-c.example", 1, "x"), new Still(), STALE_AFTER_NS);
        assertFenced(asleep);
        third.beat();
    }

    @Test
    void shouldTakeOverAtOnceWhenTheOwnerIsADeadProcessOfThisHost() throws Exception {
        Owner self = Owner.thisProcess();
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Owner gone = new Owner(self.host(), dead.pid(), "2026-11-23T00:00:00Z");
        RunLease.take(store, gone, hurry(), STALE_AFTER_NS);
        RunLease.take(store, self, new Still(), STALE_AFTER_NS).beat();
    }

    @Test
    void shouldTakeTheOwnerForDeadWhenItsProcessIdBelongsToAnother() {
        Owner self = Owner.thisProcess();
        assertThat(self.knownDead()).isFalse();
        assertThat(new Owner(self.host(), self.pid(), "1999-01-01T00:00:00Z").knownDead())
                .isTrue();
    }

    @Test
    void shouldWaitForAnotherDriverOfTheSameProcess() throws IOException {
        RunLease.take(store, hurry(), STALE_AFTER_NS);
        long start = SystemNanoClock.INSTANCE.nanoTime();
        RunLease.take(store, SystemNanoClock.INSTANCE, TimeUnit.MILLISECONDS.toNanos(500));
        assertThat(SystemNanoClock.INSTANCE.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(490));
    }

    private static void assertFenced(RunLease lease) {
        assertThatThrownBy(lease::beat).isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.FENCED));
    }

    private static void beat(RunLease lease) {
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
