package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;

/**
 * Runs attempts until one succeeds, fails for good, or too many in a row brought no new checkpoint. What is counted is restarts
 * <em>without progress</em>: a run on a bad cluster that still moves on may restart for ever, a crash loop ends soon.
 */
final class RestartLoop {
    /** One attempt; failures are {@link PolyglowException}s whose kind says whether another attempt makes sense. */
    interface Attempt<T> {
        T run() throws IOException;
    }

    /** How far the run is committed: anything that grows. */
    interface Progress {
        long committed() throws IOException;
    }

    private final Progress progress;
    private final int budget;
    private final JobListener listener;

    /** {@code budget}: how many restarts in a row may bring no progress. */
    RestartLoop(Progress progress, int budget, JobListener listener) {
        this.progress = progress;
        this.budget = budget;
        this.listener = listener;
    }

    /** Result and number of restarts of the attempts that {@link #run} needed. */
    record Outcome<T>(T value, int restarts) {}

    <T> Outcome<T> run(Attempt<T> attempt) throws IOException {
        int withoutProgress = 0;
        for (int restarts = 0; ; restarts++) {
            long before = progress.committed();
            try {
                return new Outcome<>(attempt.run(), restarts);
            } catch (PolyglowException failure) {
                if (!failure.kind().restartable() || isShuttingDown()) {
                    throw failure;
                }
                withoutProgress = committedAfter(failure) > before ? 0 : withoutProgress + 1;
                if (withoutProgress > budget) {
                    throw exhausted(withoutProgress, failure);
                }
                listener.restarting(failure.getMessage(), budget - withoutProgress);
            }
        }
    }

    /** A store that cannot be asked ends the run, by the failure that came first. */
    private long committedAfter(PolyglowException failure) {
        try {
            return progress.committed();
        } catch (IOException e) {
            failure.addSuppressed(e);
            throw failure;
        }
    }

    /** Whether this process has been told to end, by a signal: its attempt fails because Spark ends with it. */
    private static boolean isShuttingDown() {
        Thread none = new Thread(() -> {});
        try {
            Runtime.getRuntime().addShutdownHook(none);
            Runtime.getRuntime().removeShutdownHook(none);
            return false;
        } catch (IllegalStateException e) { // it is too late for hooks
            return true;
        }
    }

    private static PolyglowException exhausted(int failures, PolyglowException last) {
        return new PolyglowException(
                ErrorKind.NO_PROGRESS,
                failures
                        + " attempts in a row ended without a new checkpoint, so another one would hardly help. The last one: "
                        + last.getMessage()
                        + " Look at the executors' logs and the run's failures/ and logs/ directories, remove the cause and resume"
                        + " the run; if checkpoints are rarer than failures, lower checkpoint.every.",
                last);
    }
}
