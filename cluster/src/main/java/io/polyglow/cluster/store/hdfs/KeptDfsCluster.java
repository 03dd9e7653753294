package io.polyglow.cluster.store.hdfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * Hadoop's NameNode and DataNode of one process, over a directory whose files stay. {@link MiniDFSCluster} is made for tests: whoever shuts it down has the
 * JVM delete all of its directory at the end, and its own constructor does so when a start fails. Here a shutdown only stops the servers.
 *
 * <p>Each of the two serves web pages, from the first {@code webapps/} on the class path. That is ours, of a page that says nothing: to get at Hadoop's, Jetty
 * would inflate all of their jar, 90 MB, twice at each start.
 */
final class KeptDfsCluster extends MiniDFSCluster {
    private KeptDfsCluster(MiniDFSCluster.Builder builder) throws IOException {
        super(builder);
    }

    /** Starts both over {@code directory}, which is formatted if it holds nothing yet; returns when they serve. */
    static KeptDfsCluster start(Path directory) throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.toString());
        configuration.setInt("dfs.namenode.safemode.extension", 0);
        MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(configuration)
                .numDataNodes(1)
                .format(isEmpty(directory))
                .skipFsyncForTesting(false);
        KeptDfsCluster cluster = new KeptDfsCluster(builder);
        try {
            cluster.waitActive();
            return cluster;
        } catch (IOException | RuntimeException e) {
            cluster.shutdown();
            throw e;
        }
    }

    /** To format is to delete the blocks: never where there are any, nor where either copy of the names is left. */
    private static boolean isEmpty(Path directory) throws IOException {
        return !Files.exists(version(directory, "name-0-1"))
                && !Files.exists(version(directory, "name-0-2"))
                && !hasEntries(directory.resolve("data"));
    }

    private static Path version(Path directory, String names) {
        return directory.resolve(names).resolve("current").resolve("VERSION");
    }

    private static boolean hasEntries(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isPresent();
        }
    }

    /** Stops the servers; deletes nothing, whatever it is asked for. Runs before this object is complete when the constructor of the superclass fails. */
    @Override
    public void shutdown(boolean deleteDfsDir, boolean closeFileSystem) {
        shutdownDataNodes();
        shutdownNameNodes();
    }
}
