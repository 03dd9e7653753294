package io.polyglow.trainer.optim;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.process.Threads;
import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.CopyStream.Event;
import io.polyglow.trainer.model.BackwardProgress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sums gradients over the replicas while the backward pass that completes them goes on, as PyTorch's DDP does (Li et al. 2020): buckets whose gradients are final are summed
 * one after another, from the last layer to the first, on a thread of its own beside the engine's. Where the exchange has no {@link ReplicaExchange#stream}, all of them are summed at the end, on the engine's thread. The order is
 * the same on all replicas, and what is added to what does not depend on when.
 *
 * <p>Used from the engine's thread. An error of the other thread comes out of the next call here, and nothing more is summed after it.
 */
final class GradientReducer implements BackwardProgress, AutoCloseable {
    /** What sums a bucket whose first element lies at {@code from} in the flat gradients. */
    record Bucket(long from, Runnable sum) {}

    private static final int MOST_SECONDS_TO_END = 30;

    private final ReplicaExchange exchange;
    private final List<Bucket> buckets;
    private final @Nullable CopyStream stream;
    private final @Nullable ExecutorService thread;
    private final List<Event> events = new ArrayList<>();
    private CompletableFuture<@Nullable Void> sums = CompletableFuture.completedFuture(null);
    private int next;
    private int rounds;

    /** A reducer of these buckets, the last of which is summed first; {@code name} is the thread's. */
    GradientReducer(ReplicaExchange exchange, List<Bucket> buckets, String name) {
        this.exchange = exchange;
        this.buckets = buckets.stream()
                .sorted(Comparator.comparingLong(Bucket::from).reversed())
                .toList();
        this.stream = buckets.isEmpty() ? null : exchange.stream();
        this.thread = stream == null
                ? null
                : Executors.newSingleThreadExecutor(task -> {
                    Thread made = new Thread(task, name);
                    made.setDaemon(true);
                    return made;
                });
    }

    /** Whether buckets are summed beside the backward pass, which then has to tell its progress. */
    boolean overlaps() {
        return thread != null;
    }

    @Override
    public void finished(long from) {
        if (thread == null || stream == null) {
            return;
        }
        int first = next;
        while (next < buckets.size() && buckets.get(next).from() >= from) {
            next++;
        }
        if (next == first) {
            return;
        }
        if (sums.isCompletedExceptionally()) {
            join();
        }
        if (rounds == events.size()) {
            events.add(stream.newEvent());
        }
        Event event = events.get(rounds++);
        event.record();
        List<Bucket> ready = buckets.subList(first, next);
        sums = sums.thenRunAsync(
                () -> {
                    event.await();
                    ready.forEach(bucket -> bucket.sum().run());
                },
                thread);
    }

    /** Sums what is left, and returns when all is summed. */
    void finish() {
        if (thread == null && !buckets.isEmpty()) {
            exchange.begin();
            buckets.forEach(bucket -> bucket.sum().run());
            exchange.end();
        } else {
            finished(0);
            join();
        }
        next = 0;
        rounds = 0;
    }

    private void join() {
        try {
            sums.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(
                    ErrorKind.PEER_LOST, "interrupted while gradients were summed over the replicas");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e);
        }
    }

    /** Ends a sum that is under way by an interrupt, which peers do not hear of, and returns when the thread has ended: then nobody uses the gradients. */
    @Override
    public void close() {
        if (thread == null) {
            return;
        }
        thread.shutdownNow();
        if (!Threads.awaitEnd(thread, MOST_SECONDS_TO_END, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the thread that sums gradients is still at work " + MOST_SECONDS_TO_END
                    + " s after it was told to end; this process must end");
        }
    }
}
