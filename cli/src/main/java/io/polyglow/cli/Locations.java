package io.polyglow.cli;

import io.polyglow.cluster.store.hdfs.EmbeddedHdfs;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a user writes into locations that mean the same in every process of a job: local paths become absolute, and
 * {@code hdfs-embedded:/path} starts (or joins) a single-process HDFS on this machine, whose data lie in {@code $POLYGLOW_DATA/hdfs}, by default
 * {@code ./polyglow-data/hdfs}. Closing stops what was started.
 */
final class Locations implements AutoCloseable {
    private static final String EMBEDDED = "hdfs-embedded:";
    private static final String FILE = "file:";

    private @Nullable EmbeddedHdfs hdfs;

    /** The location as all processes on this machine, or of this cluster, understand it. */
    String resolve(String location) {
        if (location.startsWith(EMBEDDED)) {
            String path = location.substring(EMBEDDED.length());
            return embedded().uri() + (path.startsWith("/") ? path : "/" + path);
        }
        if (location.startsWith(FILE) && !location.startsWith(FILE + "/")) {
            return resolve(location.substring(FILE.length()));
        }
        if (location.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
            return location;
        }
        return Path.of(location).toAbsolutePath().normalize().toString();
    }

    /** Where commands keep what they make without being told where. */
    static Path data() {
        String configured = System.getenv("POLYGLOW_DATA");
        return Path.of(configured == null ? "polyglow-data" : configured);
    }

    private EmbeddedHdfs embedded() {
        if (hdfs == null) {
            hdfs = EmbeddedHdfs.open(data().resolve("hdfs"));
        }
        return hdfs;
    }

    @Override
    public void close() throws IOException {
        if (hdfs != null) {
            hdfs.close();
        }
    }
}
