package io.polyglow.common.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ThreadsTest {
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final CountDownLatch started = new CountDownLatch(1);

    /** As a rank closes what it has: Spark ends the ranks of a failed attempt by an interrupt. */
    @Test
    void shouldWaitForTheEndInAnInterruptedThreadToo() throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        Thread waiting = Thread.currentThread();
        executor.execute(() -> {
            started.countDown();
            while (waiting.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            waiting.interrupt();
            ended.set(true);
        });
        started.await();
        executor.shutdown();
        Thread.currentThread().interrupt();
        assertThat(Threads.awaitEnd(executor, 15, TimeUnit.SECONDS)).isTrue();
        assertThat(ended).isTrue();
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
    }

    @Test
    void shouldNotWaitForEver() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        Future<Boolean> task = executor.submit(() -> over.await(15, TimeUnit.SECONDS));
        executor.shutdown();
        assertThat(Threads.awaitEnd(executor, 1, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(Thread.interrupted()).isFalse();
        over.countDown();
        assertThat(task.get()).isTrue();
        assertThat(Threads.awaitEnd(executor, 15, TimeUnit.SECONDS)).isTrue();
    }
}
