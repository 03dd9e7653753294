package io.polyglow.cli;

import io.polyglow.cluster.store.hdfs.EmbeddedHdfs;
import io.polyglow.cluster.store.hdfs.EmbeddedLocation;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Turns what a user writes into locations that mean the same in every process of a job and in later ones: local paths become absolute, and
 * {@code hdfs-embedded:/path} gets the directory of the single-process HDFS that it is on, by default {@code $POLYGLOW_DATA/hdfs} or
 * {@code ./polyglow-data/hdfs}, which is started (or joined). Closing stops what was started.
 */
final class Locations implements AutoCloseable {
    private static final String FILE = "file:";

    private final Map<Path, EmbeddedHdfs> served = new HashMap<>();

    /** The location as all processes on this machine, or of this cluster, understand it. */
    String resolve(String location) {
        if (EmbeddedLocation.matches(location)) {
            EmbeddedLocation place = embedded(location);
            serve(place.directory());
            return place.toString();
        }
        if (location.startsWith(FILE) && !location.startsWith(FILE + "/")) {
            return resolve(location.substring(FILE.length()));
        }
        if (location.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
            return location;
        }
        try {
            return Path.of(location).toAbsolutePath().normalize().toString();
        } catch (InvalidPathException e) {
            throw new PolyglowException(ErrorKind.USAGE, notAPath(location, e), e);
        }
    }

    static String notAPath(String location, InvalidPathException e) {
        return "'" + location + "' is not a path: " + e.getReason()
                + ". Names with other than ASCII letters need a locale in UTF-8, as in LC_ALL=C.UTF-8.";
    }

    /** The location as Spark and Hadoop understand it, until this is closed: an embedded HDFS has another address after each start. */
    String address(String location) {
        if (!EmbeddedLocation.matches(location)) {
            return resolve(location);
        }
        EmbeddedLocation place = embedded(location);
        return serve(place.directory()).uri() + place.path();
    }

    /** Where commands keep what they make without being told where. */
    static Path data() {
        String configured = System.getenv("POLYGLOW_DATA");
        return Path.of(configured == null ? "polyglow-data" : configured);
    }

    private static EmbeddedLocation embedded(String location) {
        return EmbeddedLocation.parse(location, data().resolve("hdfs"));
    }

    private EmbeddedHdfs serve(Path directory) {
        return served.computeIfAbsent(directory, EmbeddedHdfs::open);
    }

    @Override
    public void close() throws IOException {
        for (EmbeddedHdfs hdfs : served.values()) {
            hdfs.close();
        }
    }
}
