package io.polyglow.cluster.store.hdfs;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;

/**
 * A real NameNode and DataNode inside this process, on loopback, over a directory that keeps their data from one start to the next. For machines
 * without HDFS; replication is 1, so a lost disk is a lost store. While it runs, {@code DIR/address} holds its URI, so that other processes on the machine use
 * the same one; a lock on {@code DIR/lock} makes sure that only one process serves a directory.
 */
public final class EmbeddedHdfs implements Closeable {
    private static final String ADDRESS = "address";
    private static final long START_NS = TimeUnit.SECONDS.toNanos(90);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Path directory;
    private final String uri;
    private final @Nullable Server server;

    /** What the process that serves the directory holds. */
    private record Server(KeptDfsCluster cluster, FileChannel lock) {}

    private EmbeddedHdfs(Path directory, String uri, @Nullable Server server) {
        this.directory = directory;
        this.uri = uri;
        this.server = server;
    }

    /** Starts HDFS over {@code directory}, made if missing, or joins the one that already runs there; takes some seconds. */
    public static EmbeddedHdfs open(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute);
            return startOrJoin(absolute);
        } catch (IOException e) {
            String what = "Cannot start the embedded HDFS in " + absolute + ": " + e.getMessage()
                    + ". What it holds was left as it is. Check that the directory can be written and is on a local disk,"
                    + " or give a folder, as file:PATH, in place of hdfs-embedded:PATH.";
            throw new PolyglowException(ErrorKind.ENVIRONMENT, what, e);
        }
    }

    /** The {@link #uri} of the one that runs over {@code directory}, in whatever process; there must be one. */
    static String running(Path directory) throws IOException {
        String address = address(directory);
        if (address.isEmpty()) {
            throw new IOException("no embedded HDFS runs over " + directory);
        }
        return address;
    }

    /** {@code hdfs://127.0.0.1:PORT}, to be followed by an absolute path. */
    public String uri() {
        return uri;
    }

    /** Whether this object serves the directory; else another process does, and {@link #close} changes nothing. */
    public boolean isServer() {
        return server != null;
    }

    private static EmbeddedHdfs startOrJoin(Path directory) throws IOException {
        long deadline = SystemNanoClock.INSTANCE.nanoTime() + START_NS;
        while (SystemNanoClock.INSTANCE.nanoTime() - deadline < 0) {
            FileChannel lock = tryLock(directory);
            if (lock != null) {
                return start(directory, lock);
            }
            String address = address(directory);
            if (!address.isEmpty()) {
                return new EmbeddedHdfs(directory, address, null);
            }
            LockSupport.parkNanos(POLL_NS);
        }
        throw new IOException("another process holds its lock but does not serve it");
    }

    private static EmbeddedHdfs start(Path directory, FileChannel lock) throws IOException {
        KeptDfsCluster cluster = null;
        try {
            Files.deleteIfExists(directory.resolve(ADDRESS));
            cluster = KeptDfsCluster.start(directory.resolve("dfs"));
            String uri = "hdfs://127.0.0.1:" + cluster.getNameNodePort();
            Path written = Files.writeString(directory.resolve(ADDRESS + ".tmp"), uri);
            Files.move(written, directory.resolve(ADDRESS), StandardCopyOption.ATOMIC_MOVE);
            return new EmbeddedHdfs(directory, uri, new Server(cluster, lock));
        } catch (IOException | RuntimeException e) {
            if (cluster != null) {
                cluster.shutdown();
            }
            lock.close();
            throw e;
        }
    }

    /** The locked channel, or null when somebody else holds the lock. */
    private static @Nullable FileChannel tryLock(Path directory) throws IOException {
        FileChannel channel =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // held by this very process
        }
        if (lock == null) {
            channel.close();
            return null;
        }
        return channel;
    }

    private static String address(Path directory) throws IOException {
        try {
            return Files.readString(directory.resolve(ADDRESS));
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    @Override
    public void close() throws IOException {
        if (server != null && server.lock().isOpen()) {
            Files.deleteIfExists(directory.resolve(ADDRESS));
            server.cluster().shutdown();
            server.lock().close();
        }
    }
}
