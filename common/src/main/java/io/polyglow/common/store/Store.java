package io.polyglow.common.store;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * Durable files under one root. Paths are relative, {@code /}-separated, and may only contain names of
 * {@code [A-Za-z0-9._=-]+} other than {@code .} and {@code ..}; anything else is refused before the disk is touched, with
 * an error of kind DATA. The empty path is the root directory itself.
 *
 * <p>Promises, kept by every implementation and checked by {@code StoreContractTest}:
 *
 * <ul>
 *   <li>a file is created once: {@link #create} fails with {@link java.nio.file.FileAlreadyExistsException} when the path exists;
 *   <li>after {@link Output#sync} returns, the bytes written so far survive a crash of this process and of the machine,
 *       and are visible to readers;
 *   <li>{@link #publish} moves a directory to a name that did not exist, atomically: readers see nothing or all of it;
 *   <li>{@link #replace} atomically replaces one file by another;
 *   <li>{@link #delete} of a directory is atomic: readers see all of it or nothing;
 *   <li>{@link #list} is sorted by name.
 * </ul>
 *
 * Threads: all methods may be called from any thread; an {@link Output} belongs to one thread at a time. I/O errors are
 * {@link IOException}; a missing path is {@link java.nio.file.NoSuchFileException}.
 */
public interface Store extends Closeable {
    /** A file being written. Closing makes it visible, but only {@link #sync} makes it durable. */
    abstract class Output extends OutputStream {
        /** Blocks until the bytes written so far are durable and visible. */
        public abstract void sync() throws IOException;

        /** How many bytes the file has with those written so far. */
        public abstract long position() throws IOException;
    }

    /** What {@link #list} and {@link #stat} tell. {@code bytes} is 0 for a directory. */
    record Entry(String path, boolean directory, long bytes) {
        /** The last name of the path. */
        public String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    /** The root, as a user would write it: a local path or an {@code hdfs://} URI. */
    String root();

    /** Creates a file that must not exist; missing parent directories are made. */
    Output create(String path) throws IOException;

    /** Opens an existing file for appending, or creates it. */
    Output append(String path) throws IOException;

    /** Opens a file at byte {@code offset}; beyond the end is an {@link java.io.EOFException}. */
    InputStream open(String path, long offset) throws IOException;

    /** Tells whether the path is a file or a directory, and how long it is. */
    Entry stat(String path) throws IOException;

    /** Whether the path exists. */
    boolean exists(String path) throws IOException;

    /** The entries of a directory, sorted by name; not recursive. */
    List<Entry> list(String directory) throws IOException;

    /** Makes a directory and its parents; no error if it exists. */
    void makeDirectory(String directory) throws IOException;

    /**
     * Atomically moves a directory, not an empty one, to a name that does not exist yet, else
     * {@link java.nio.file.FileAlreadyExistsException}; durable on return, as far as its files were synced.
     */
    void publish(String fromDirectory, String toDirectory) throws IOException;

    /** Atomically moves a file over another one, which may exist; durable on return. */
    void replace(String fromFile, String toFile) throws IOException;

    /** Deletes a file or a whole directory; no error if it does not exist. */
    void delete(String path) throws IOException;
}
