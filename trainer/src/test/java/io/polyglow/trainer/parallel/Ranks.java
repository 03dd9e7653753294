package io.polyglow.trainer.parallel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Runs the ranks of a test, one thread each. */
public final class Ranks {
    /** What one rank did: a value or an error. */
    public record Outcome<T>(@Nullable T value, @Nullable Throwable error) {}

    private Ranks() {}

    /** Runs every body in its own thread and returns the outcomes in order; fails when one is not done in time. */
    public static <T> List<Outcome<T>> run(List<Callable<T>> bodies, Duration deadline) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(bodies.size());
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (Callable<T> body : bodies) {
                futures.add(threads.submit(body));
            }
            List<Outcome<T>> outcomes = new ArrayList<>();
            for (Future<T> future : futures) {
                outcomes.add(outcome(future, deadline));
            }
            return outcomes;
        } finally {
            threads.shutdownNow();
        }
    }

    private static <T> Outcome<T> outcome(Future<T> future, Duration deadline) throws InterruptedException {
        try {
            return new Outcome<>(future.get(deadline.toMillis(), TimeUnit.MILLISECONDS), null);
        } catch (ExecutionException e) {
            return new Outcome<>(null, e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("a rank was not done after " + deadline, e);
        }
    }
}
