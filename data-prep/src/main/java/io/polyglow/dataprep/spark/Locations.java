package io.polyglow.dataprep.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/** From what a user writes to a place that Hadoop knows. */
final class Locations {
    private Locations() {}

    /** A path without a scheme is local, whatever the cluster's default file system is. */
    static Path path(String location) {
        return isLocal(location)
                ? new Path(
                        "file",
                        "",
                        java.nio.file.Path.of(location)
                                .toAbsolutePath()
                                .normalize()
                                .toString())
                : new Path(location);
    }

    /** Whether a location is a plain path. */
    static boolean isLocal(String location) {
        return !location.matches("[A-Za-z][A-Za-z0-9+.-]+:.*");
    }

    /** A directory without the slashes that users and shells put behind it, so that {@code NAME.stages} is beside it and not in it. */
    static String trimmed(String location) {
        return location.replaceAll("/+$", "");
    }

    /** The file system of a path; the local one without Hadoop's hidden checksum files. */
    static FileSystem fileSystem(Path path, Configuration conf) throws IOException {
        FileSystem files = path.getFileSystem(conf);
        return files instanceof LocalFileSystem local ? local.getRawFileSystem() : files;
    }

    /**
     * A stream of the file's bytes from {@code offset} on.
     *
     * @throws FileNotFoundException when it is not there; Java says so of a file that may not be read, too, and where too many are open, which is another {@link IOException} here
     */
    static InputStream open(String uri, long offset, Configuration conf) throws IOException {
        Path path = new Path(uri);
        FileSystem files = fileSystem(path, conf);
        try {
            var in = files.open(path);
            in.seek(offset);
            return in;
        } catch (FileNotFoundException e) {
            if (files.exists(path)) {
                String reason = String.valueOf(e.getMessage()).replaceFirst(".*\\((.*)\\)$", "$1");
                throw (IOException) new FileSystemException(uri, null, reason).initCause(e);
            }
            throw SharedFolders.missing(path, e);
        }
    }
}
