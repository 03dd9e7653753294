package io.polyglow.cluster.transport.aeron;

import io.aeron.Aeron;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.exceptions.AeronException;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * A media driver in this JVM with one backing-off thread (on few cores spinning threads are several times slower), and its client. All threads are
 * daemons, so a failed rank never keeps a JVM alive.
 */
final class EmbeddedDriver implements AutoCloseable {
    private static final long STALL_MS = 30_000;

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final MediaDriver driver;
    private final Aeron aeron;

    EmbeddedDriver(Path directory, AeronOptions options, int socketBufferBytes, int windowBytes) {
        requireAgronaAccess();
        driver = MediaDriver.launchEmbedded(driverContext(directory, options, socketBufferBytes, windowBytes));
        try {
            aeron = Aeron.connect(clientContext(directory));
        } catch (RuntimeException e) {
            CloseHelper.quietClose(driver);
            throw e;
        }
    }

    Aeron aeron() {
        return aeron;
    }

    /** Why the driver or the client has died, or null. */
    @Nullable
    Throwable failure() {
        return failure.get();
    }

    private MediaDriver.Context driverContext(
            Path directory, AeronOptions options, int socketBufferBytes, int windowBytes) {
        long peerTimeoutNs = options.peerTimeout().toNanos();
        return new MediaDriver.Context()
                .aeronDirectoryName(directory.toString())
                .dirDeleteOnStart(false)
                .dirDeleteOnShutdown(true)
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(backoff())
                .sharedThreadFactory(this::thread)
                .asyncExecutorThreadFactory(this::thread)
                .errorHandler(this::onError)
                .counterValuesBufferLength(BufferPlan.COUNTERS_BYTES)
                // Sparse files fail with a bus error in whoever touches a page that memory has run out for.
                .termBufferSparseFile(false)
                .performStorageChecks(true)
                .lowStorageWarningThreshold(0)
                .socketRcvbufLength(socketBufferBytes)
                .socketSndbufLength(socketBufferBytes)
                .initialWindowLength(windowBytes)
                .imageLivenessTimeoutNs(peerTimeoutNs)
                .publicationConnectionTimeoutNs(peerTimeoutNs)
                .timerIntervalNs(TimeUnit.MILLISECONDS.toNanos(100))
                .publicationLingerTimeoutNs(TimeUnit.MILLISECONDS.toNanos(500))
                // Peers that share this host's memory are clients too.
                .clientLivenessTimeoutNs(peerTimeoutNs)
                .publicationUnblockTimeoutNs(2 * peerTimeoutNs)
                .driverTimeoutMs(STALL_MS);
    }

    private Aeron.Context clientContext(Path directory) {
        return new Aeron.Context()
                .aeronDirectoryName(directory.toString())
                .errorHandler(this::onError)
                .subscriberErrorHandler(this::onError)
                .driverTimeoutMs(STALL_MS)
                .threadFactory(this::thread);
    }

    private static IdleStrategy backoff() {
        return new BackoffIdleStrategy(10, 20, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MILLISECONDS.toNanos(1));
    }

    private Thread thread(Runnable task) {
        Thread thread = daemon(task);
        thread.setUncaughtExceptionHandler((dead, error) -> failure.compareAndSet(null, error));
        return thread;
    }

    /** A thread for Aeron, which does not keep the JVM alive. */
    static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "polyglow-aeron");
        thread.setDaemon(true);
        return thread;
    }

    /** Most of what Aeron reports passes by itself (a peer's closed port, say); only what stops its threads counts. */
    private void onError(Throwable error) {
        boolean fatal = error instanceof Error
                || error instanceof AgentTerminationException
                || (error instanceof AeronException known && known.category() == AeronException.Category.FATAL);
        if (fatal) {
            failure.compareAndSet(null, error);
        }
    }

    private static void requireAgronaAccess() {
        Module ours = EmbeddedDriver.class.getModule();
        if (!Object.class.getModule().isExported("jdk.internal.misc", ours)) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "this JVM was started without --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED, which Agrona and Aeron"
                            + " need; add it to the command line, and for Spark to spark.driver.extraJavaOptions and"
                            + " spark.executor.extraJavaOptions (the polyglow launcher does all three)");
        }
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(aeron, driver);
    }
}
