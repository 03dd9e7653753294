package io.polyglow.cluster.store.hdfs;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.StorePath;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.client.HdfsClientConfigKeys;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream.SyncFlag;
import org.apache.hadoop.ipc.RemoteException;

/**
 * A directory of HDFS. Durable means {@code hsync}: on the disks of all replicas. Renames always say whether they may overwrite, because the two-argument
 * rename moves a directory <em>into</em> an existing one. Replication and block size are the NameNode's defaults; everything else follows the Hadoop
 * configuration on the class path, except for what this class must insist on to survive a lost DataNode or a NameNode restart.
 */
public final class HdfsStore implements Store {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int READ_TIMEOUT_MS = 15_000;
    private static final long LEASE_RECOVERY_NS = TimeUnit.SECONDS.toNanos(20);
    private static final long LEASE_POLL_NS = TimeUnit.MILLISECONDS.toNanos(200);

    /** By name: the second is a class of servers, which clients of a cluster do not have. */
    private static final Set<String> LEFT_OPEN = Set.of(
            "org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException",
            "org.apache.hadoop.hdfs.protocol.RecoveryInProgressException");

    private final DistributedFileSystem hdfs;
    private final FileSystem reader;
    private final Path root;
    private final String name;

    private HdfsStore(DistributedFileSystem hdfs, FileSystem reader, Path root, String name) {
        this.hdfs = hdfs;
        this.reader = reader;
        this.root = root;
        this.name = name;
    }

    /** Opens {@code hdfs://host:port/path}, which need not exist; fails within seconds when no NameNode answers. */
    public static HdfsStore open(String location) throws IOException {
        return open(location, "");
    }

    /** As above, for a place that users call {@code name}, unless that is empty. */
    static HdfsStore open(String location, String name) throws IOException {
        Path given = new Path(location);
        URI uri = given.toUri();
        Path path = uri.getPath().isEmpty() ? new Path(given, "/") : given; // hdfs://host:port alone is its root
        probe(uri, path);
        Configuration configuration = patient(uri);
        FileSystem fileSystem = FileSystem.newInstance(uri, configuration);
        if (!(fileSystem instanceof DistributedFileSystem hdfs)) {
            throw new IOException(
                    location + " is not on HDFS but on " + fileSystem.getClass().getName());
        }
        Path root = hdfs.makeQualified(path);
        FileSystem reader =
                hasObservers(uri, configuration) ? hdfs : FileSystem.newInstance(uri, readSettings(configuration));
        return new HdfsStore(hdfs, reader, root, name.isEmpty() ? root.toString() : name);
    }

    /** The patient client below would wait for minutes for an address that was mistyped. */
    private static void probe(URI uri, Path path) throws IOException {
        Configuration hasty = HdfsSettings.ofProcess();
        hasty.setInt("ipc.client.connect.max.retries", 5);
        hasty.setInt("ipc.client.connect.max.retries.on.timeouts", 1);
        try (FileSystem fileSystem = FileSystem.newInstance(uri, hasty)) {
            fileSystem.exists(path);
        } catch (IOException e) {
            throw HdfsErrors.translate(e, uri);
        }
    }

    /**
     * Settings for a client that waits some three minutes for a NameNode to come back. Where there are several it is the choice between them that waits so long, by
     * default: to wait for one of them as well would keep each new client from the one that answers.
     */
    private static Configuration patient(URI uri) {
        Configuration configuration = HdfsSettings.ofProcess();
        configuration.setBoolean("dfs.client.block.write.replace-datanode-on-failure.best-effort", true);
        configuration.setBoolean("dfs.client.retry.policy.enabled", !hasSeveralNameNodes(uri, configuration));
        // sleep ms, number of tries, ...
        configuration.set("dfs.client.retry.policy.spec", "2000,15,5000,30");
        // 20 s each; by default 45, which is how long readers of a file that is being written wait for a DataNode that
        // was lost in silence
        configuration.setInt("ipc.client.connect.max.retries.on.timeouts", 1);
        PromptClose.settings(configuration).forEach(configuration::set);
        return configuration;
    }

    /**
     * Settings for a client that turns to another replica after 15 s without an answer. Not for writing: there the answer of a DataNode that waits for another comes after a minute, and who does not wait
     * for it gives up the wrong one.
     */
    private static Configuration readSettings(Configuration patient) {
        Configuration configuration = new Configuration(patient);
        configuration.setInt(
                HdfsClientConfigKeys.DFS_CLIENT_SOCKET_TIMEOUT_KEY,
                Math.min(
                        READ_TIMEOUT_MS,
                        patient.getInt(HdfsClientConfigKeys.DFS_CLIENT_SOCKET_TIMEOUT_KEY, READ_TIMEOUT_MS)));
        return configuration;
    }

    private static boolean hasSeveralNameNodes(URI uri, Configuration configuration) {
        return !proxyProvider(uri, configuration).isEmpty();
    }

    /** NameNodes that answer from a past in which, for another client, files that this process has just written may not exist. */
    private static boolean hasObservers(URI uri, Configuration configuration) {
        return proxyProvider(uri, configuration).contains("Observer");
    }

    private static String proxyProvider(URI uri, Configuration configuration) {
        return configuration.get(HdfsClientConfigKeys.Failover.PROXY_PROVIDER_KEY_PREFIX + "." + uri.getHost(), "");
    }

    @Override
    public String root() {
        return name;
    }

    @Override
    public Output create(String path) throws IOException {
        Path file = below(path);
        return attempt(file, () -> new HdfsOutput(create(file, EnumSet.of(CreateFlag.CREATE)), file));
    }

    private FSDataOutputStream create(Path file, EnumSet<CreateFlag> flags) throws IOException {
        var defaults = hdfs.getServerDefaults(file);
        return hdfs.create(
                file,
                FsPermission.getFileDefault(),
                flags,
                BUFFER_BYTES,
                defaults.getReplication(),
                defaults.getBlockSize(),
                null,
                null);
    }

    /**
     * A file that a dead writer left open is closed first: its lease is recovered, which takes some seconds. That needs all DataNodes that the writer used, or that the NameNode knows which of them are gone, after some ten minutes; so when it
     * takes long, a copy of what can be read, which is all that was synced, replaces the file.
     */
    @Override
    public Output append(String path) throws IOException {
        Path file = below(path);
        if (!exists(path)) {
            return create(path);
        }
        return attempt(file, () -> {
            try {
                return new HdfsOutput(hdfs.append(file), file);
            } catch (RemoteException e) {
                if (!LEFT_OPEN.contains(e.getClassName())) {
                    throw e;
                }
                return hasRecoveredLease(file, LEASE_RECOVERY_NS)
                        ? new HdfsOutput(hdfs.append(file), file)
                        : appendToCopy(path, e);
            }
        });
    }

    private boolean hasRecoveredLease(Path file, long patienceNs) throws IOException {
        long deadline = SystemNanoClock.INSTANCE.nanoTime() + patienceNs;
        while (!hdfs.recoverLease(file)) {
            if (SystemNanoClock.INSTANCE.nanoTime() - deadline > 0) {
                return false;
            }
            if (Thread.interrupted()) {
                throw new InterruptedIOException(file + ": interrupted while HDFS closes it for another writer");
            }
            LockSupport.parkNanos(LEASE_POLL_NS);
        }
        return true;
    }

    private Output appendToCopy(String path, IOException leftOpen) throws IOException {
        try {
            Stores.rewrite(this, path, out -> {
                try (InputStream in = open(path, 0)) {
                    in.transferTo(out);
                }
            });
            return new HdfsOutput(hdfs.append(below(path)), below(path));
        } catch (IOException e) {
            e.addSuppressed(leftOpen);
            throw new IOException(
                    below(path) + ": another writer had it open; HDFS could not close it in time, nor read it: "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public InputStream open(String path, long offset) throws IOException {
        Path file = resolve(path);
        return attempt(file, () -> {
            FSDataInputStream in = reader.open(file, BUFFER_BYTES);
            try {
                in.seek(offset);
                return in;
            } catch (IOException e) {
                in.close();
                throw e;
            }
        });
    }

    @Override
    public Entry stat(String path) throws IOException {
        Path file = resolve(path);
        return entry(path, attempt(file, () -> hdfs.getFileStatus(file)));
    }

    private static Entry entry(String path, FileStatus status) {
        return new Entry(path, status.isDirectory(), status.isDirectory() ? 0 : status.getLen());
    }

    @Override
    public boolean exists(String path) throws IOException {
        Path file = resolve(path);
        return attempt(file, () -> hdfs.exists(file));
    }

    @Override
    public List<Entry> list(String directory) throws IOException {
        Path path = resolve(directory);
        List<Entry> entries = new ArrayList<>();
        for (FileStatus status : attempt(path, () -> hdfs.listStatus(path))) {
            if (status.getPath().equals(path)) {
                throw new NotDirectoryException(path.toString());
            }
            String name = status.getPath().getName();
            entries.add(entry(directory.isEmpty() ? name : directory + "/" + name, status));
        }
        entries.sort(Comparator.comparing(Entry::path));
        return entries;
    }

    @Override
    public void makeDirectory(String directory) throws IOException {
        Path path = resolve(directory);
        attempt(path, () -> hdfs.mkdirs(path));
    }

    @Override
    public void publish(String fromDirectory, String toDirectory) throws IOException {
        Path from = below(fromDirectory);
        Path to = below(toDirectory);
        if (!stat(fromDirectory).directory()) {
            throw new NoSuchFileException(from.toString(), null, "there is no such directory to publish");
        }
        rename(from, to, Rename.NONE);
    }

    @Override
    public void replace(String fromFile, String toFile) throws IOException {
        rename(below(fromFile), below(toFile), Rename.OVERWRITE);
    }

    private void rename(Path from, Path to, Rename mode) throws IOException {
        attempt(to, () -> {
            Path parent = to.getParent();
            if (parent != null && hdfs.getFileStatus(from) != null) {
                hdfs.mkdirs(parent);
            }
            hdfs.rename(from, to, mode);
            return true;
        });
    }

    @Override
    public void delete(String path) throws IOException {
        Path file = below(path);
        attempt(file, () -> hdfs.delete(file, true));
    }

    @Override
    public void close() throws IOException {
        try (reader) {
            hdfs.close();
        }
    }

    private Path resolve(String path) {
        return StorePath.check(path).isEmpty() ? root : new Path(root, path);
    }

    private Path below(String path) {
        return new Path(root, StorePath.checkBelowRoot(path));
    }

    @FunctionalInterface
    private interface Call<T> {
        T run() throws IOException;
    }

    private static <T> T attempt(Path path, Call<T> call) throws IOException {
        try {
            return call.run();
        } catch (IOException e) {
            throw HdfsErrors.translate(e, path);
        }
    }

    private static final class HdfsOutput extends Output {
        private final FSDataOutputStream out;
        private final Path file;

        HdfsOutput(FSDataOutputStream out, Path file) {
            this.out = out;
            this.file = file;
        }

        @Override
        public void write(int b) throws IOException {
            attempt(file, () -> {
                out.write(b);
                return true;
            });
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            attempt(file, () -> {
                out.write(bytes, offset, length);
                return true;
            });
        }

        @Override
        public void sync() throws IOException {
            attempt(file, () -> {
                if (out instanceof HdfsDataOutputStream stream) {
                    stream.hsync(EnumSet.of(SyncFlag.UPDATE_LENGTH));
                } else {
                    out.hsync();
                }
                return true;
            });
        }

        @Override
        public long position() throws IOException {
            return out.getPos();
        }

        /** Throws anew: Hadoop repeats the very exception of a failed write, which try-with-resources could not suppress under itself. */
        @Override
        public void close() throws IOException {
            try {
                out.close();
            } catch (IOException e) {
                throw new IOException(HdfsErrors.translate(e, file).getMessage(), e);
            }
        }
    }
}
