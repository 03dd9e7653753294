package io.polyglow.cluster.store.hdfs;

import java.nio.file.Path;

/**
 * A place on an {@link EmbeddedHdfs}, written {@code hdfs-embedded:DIR:/path}. Unlike the address of its NameNode, which is another one after every start,
 * it means the same to every process of this machine and on every day, so it is what configs of runs keep. Paths of HDFS have no colon, so the last one
 * ends {@code DIR}.
 */
public record EmbeddedLocation(Path directory, String path) {
    /** The scheme of such locations, without colon. */
    public static final String SCHEME = "hdfs-embedded";

    /** Whether a location is on an embedded HDFS. */
    public static boolean matches(String location) {
        return location.startsWith(SCHEME + ":");
    }

    /** Reads {@code hdfs-embedded:DIR:/path}, or {@code hdfs-embedded:/path} for a path on the HDFS in {@code home}. */
    public static EmbeddedLocation parse(String location, Path home) {
        String rest = location.substring(SCHEME.length() + 1);
        int colon = rest.lastIndexOf(':');
        Path directory = colon < 0 ? home : Path.of(rest.substring(0, colon));
        String path = rest.substring(colon + 1).replaceAll("^/+|/+$", "");
        return new EmbeddedLocation(directory.toAbsolutePath().normalize(), "/" + path);
    }

    @Override
    public String toString() {
        return SCHEME + ":" + directory + ":" + path;
    }
}
