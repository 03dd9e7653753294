package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.process.Threads;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.trainer.kernels.Engine;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Saves checkpoints off the training thread, one at a time. {@link #save} copies this rank's state to host memory and returns; a
 * thread of its own writes it; rank 0 also waits for the parts of all ranks and publishes. A save that begins before the previous one
 * has ended waits for it: a slow or failing store slows training, it never makes checkpoints rarer. An error while saving surfaces at the next
 * call, after as many tries as the store was given time for; the checkpoints that were published before stay as they are.
 */
public final class CheckpointSaver implements AutoCloseable {
    private static final int CLOSE_SECONDS = 10;

    private final Engine engine;
    private final Attempt attempt;
    private final PartWriter part;
    private final Retry retry;
    private final @Nullable Committer committer;
    private final ExecutorService thread;
    private @Nullable Future<?> inFlight;

    /** A saver for one rank; rank 0 has the committer. A step of a save may fail for {@code patienceNs} before the save does. */
    public CheckpointSaver(
            Store run,
            Attempt attempt,
            Engine engine,
            int rank,
            int ranks,
            RankState state,
            NanoClock clock,
            long patienceNs,
            @Nullable Committer committer) {
        this.engine = engine;
        this.attempt = attempt;
        this.part = new PartWriter(run, rank, ranks, state);
        this.committer = committer;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread saver = new Thread(task, "rank" + rank + "-checkpoint");
            saver.setDaemon(true);
            return saver;
        });
        this.retry = new Retry(clock, patienceNs, thread::isShutdown);
    }

    /** Begins to save; {@code manifest} has an empty inventory. Every rank calls this at the same step. */
    public void save(Manifest manifest) {
        await();
        part.take(engine);
        inFlight = thread.submit(() -> {
            write(manifest);
            return null;
        });
    }

    private void write(Manifest manifest) throws IOException {
        Map<String, String> metadata =
                Map.of("format", "pt", "run_id", manifest.runId(), "step", Long.toString(manifest.step()));
        part.write(CheckpointDirectory.unfinished(attempt, manifest.step()), metadata, retry);
        if (committer != null) {
            committer.commit(manifest, retry);
        }
    }

    /** Throws the error of a save that has failed; does not wait. Called at every step. */
    public void check() {
        if (inFlight != null && inFlight.isDone()) {
            await();
        }
    }

    /** Waits for the save in flight, if any; on rank 0 the checkpoint is then published. */
    public void await() {
        Future<?> save = inFlight;
        inFlight = null;
        try {
            if (save != null) {
                save.get();
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.PEER_LOST, "interrupted while a checkpoint was being saved", e);
        }
    }

    private static PolyglowException failure(Throwable cause) {
        if (cause instanceof PolyglowException known) {
            return known;
        }
        return new PolyglowException(
                cause instanceof IOException ? ErrorKind.ENVIRONMENT : ErrorKind.BUG,
                "a checkpoint could not be saved: " + cause
                        + "; earlier checkpoints are untouched, resume continues from the newest",
                cause);
    }

    /** Gives up a save in flight, and waits a while for its thread to notice, so that nothing of it is written afterwards; an interrupted thread waits too. */
    @Override
    public void close() {
        thread.shutdownNow();
        if (Threads.awaitEnd(thread, CLOSE_SECONDS, TimeUnit.SECONDS)) {
            part.close();
        }
    }
}
