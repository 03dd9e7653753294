package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.store.Lease;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class RunMonitorTest {
    private final MemoryStore run = new MemoryStore();
    private final CountDownLatch reading = new CountDownLatch(1);
    private final CountDownLatch answer = new CountDownLatch(1);
    private final List<Long> steps = new ArrayList<>();
    private final List<Long> committed = new ArrayList<>();

    @Test
    void shouldNotKeepTheDriverFromItsNextAttemptWhileTheStoreDoesNotAnswer() throws Exception {
        run.makeDirectory("checkpoints");
        try (Lease lease = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1_000_000_000L);
                RunOwner owner = new RunOwner(lease);
                RunMonitor monitor = new RunMonitor(slowToOpen(run), owner, 10, listener(), SystemNanoClock.INSTANCE)) {
            reading.await();
            Stores.write(run, "metrics.jsonl", "{\"step\": 1}\n{\"step\": 2}\n".getBytes(StandardCharsets.UTF_8));
            monitor.newAttempt();
            assertThat(steps).as("the store has not answered yet").isEmpty();
            answer.countDown();
        }
        assertThat(steps).containsExactly(1L, 2L);
    }

    @Test
    void shouldTellOfEveryCheckpointAlsoOfTwoBetweenTwoLooks() throws Exception {
        run.makeDirectory("checkpoints");
        try (Lease lease = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1_000_000_000L);
                RunOwner owner = new RunOwner(lease);
                RunMonitor monitor = new RunMonitor(run, owner, 10, listener(), SystemNanoClock.INSTANCE)) {
            run.makeDirectory("checkpoints/step-00000002");
            run.makeDirectory("checkpoints/step-00000004");
            monitor.newAttempt();
        }
        assertThat(committed).containsExactly(2L, 4L);
    }

    /** A run that is done is done, also if the last look at it, for the display, fails. */
    @Test
    void shouldEndAlsoWhenTheStoreCannotBeRead() throws Exception {
        run.makeDirectory("checkpoints");
        Stores.write(run, "metrics.jsonl", "no JSON\n".getBytes(StandardCharsets.UTF_8));
        try (Lease lease = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1_000_000_000L);
                RunOwner owner = new RunOwner(lease);
                RunMonitor monitor = new RunMonitor(run, owner, 10, listener(), SystemNanoClock.INSTANCE)) {
            monitor.newAttempt();
        }
        assertThat(steps).isEmpty();
    }

    @Test
    void shouldShowNothingOfARunThatAnotherDriverHas() throws Exception {
        run.makeDirectory("checkpoints");
        CountDownLatch stopped = new CountDownLatch(1);
        try (Lease lease = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1);
                Lease other = Lease.take(run, "leases", "The run", SystemNanoClock.INSTANCE, 1);
                RunOwner owner = new RunOwner(lease);
                RunMonitor monitor = new RunMonitor(run, owner, 10, listener(), SystemNanoClock.INSTANCE)) {
            owner.whenLost(stopped::countDown);
            stopped.await();
            run.makeDirectory("checkpoints/step-00000002");
            monitor.newAttempt();
            assertThatThrownBy(owner::require).hasMessageContaining("has been taken over by another driver");
            other.requireHeld();
        }
        assertThat(committed).isEmpty();
    }

    private JobListener listener() {
        return new JobListener() {
            @Override
            public void checkpoint(long step) {
                committed.add(step);
            }

            @Override
            public void step(StepProgress progress) {
                steps.add(progress.step());
            }
        };
    }

    private Store slowToOpen(Store store) {
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("open")) {
                        reading.countDown();
                        answer.await();
                    }
                    return method.invoke(store, arguments);
                });
    }
}
