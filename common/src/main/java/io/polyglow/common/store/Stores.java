package io.polyglow.common.store;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Opens stores by location, and reads and writes whole small files. */
public final class Stores {
    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+):.*", Pattern.DOTALL);

    private Stores() {}

    /**
     * Opens the store at a location: a plain path or {@code file:} is a local folder, other schemes belong to a {@link StoreProvider}. A local folder need not
     * exist. An unknown scheme is a USAGE error, a store that cannot be reached an ENVIRONMENT error.
     */
    public static Store open(String location) {
        Matcher matcher = SCHEME.matcher(location);
        if (!matcher.matches()) {
            return new LocalStore(path(location, location));
        }
        String scheme = matcher.group(1);
        if (scheme.equals("file")) {
            return new LocalStore(file(location));
        }
        try {
            return provider(scheme, location).open(location);
        } catch (IOException e) {
            String what = "Cannot reach the store " + location + ": " + e.getMessage()
                    + ". Check the address and that it runs.";
            throw new PolyglowException(ErrorKind.ENVIRONMENT, what, e);
        }
    }

    /** All bytes of a file of at most {@code maxBytes}; a longer file is a DATA error, a missing one {@link NoSuchFileException}. */
    public static byte[] read(Store store, String path, int maxBytes) throws IOException {
        try (InputStream in = store.open(path, 0)) {
            byte[] bytes = in.readNBytes(maxBytes);
            if (in.read() >= 0) {
                String what = store.root() + "/" + path + ": longer than " + maxBytes
                        + " bytes, the limit for this kind of file.";
                throw new PolyglowException(ErrorKind.DATA, what);
            }
            return bytes;
        }
    }

    /** Creates a file with these bytes, durable on return. */
    public static void write(Store store, String path, byte[] bytes) throws IOException {
        try (Store.Output out = store.create(path)) {
            out.write(bytes);
            out.sync();
        }
    }

    /** Atomically creates or replaces a file, durable on return: readers see the old bytes or the new ones. */
    public static void rewrite(Store store, String path, byte[] bytes) throws IOException {
        rewrite(store, path, out -> out.write(bytes));
    }

    /** As {@link #rewrite(Store, String, byte[])}, for content that is written in pieces. Of two writers at a time one fails. */
    public static void rewrite(Store store, String path, Content content) throws IOException {
        String temporary = path + ".tmp";
        store.delete(temporary);
        try (Store.Output out = store.create(temporary)) {
            content.writeTo(out);
            out.sync();
        }
        store.replace(temporary, path);
    }

    /** What {@link #rewrite(Store, String, Content)} writes. */
    @FunctionalInterface
    public interface Content {
        /** Writes all bytes; does not close. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Refuses a store that cannot take a run before work is lost in it: creates, syncs, renames, reads and deletes a small file. The error is of kind
     * ENVIRONMENT.
     */
    public static void checkWritable(Store store) {
        checkWritable(store, store.root());
    }

    /** As above, for something in the store that the user calls {@code what}. */
    public static void checkWritable(Store store, String what) {
        String name = ".write-test-" + ProcessHandle.current().pid();
        try {
            rewrite(store, name, new byte[] {42});
            byte[] back = read(store, name, 1);
            store.delete(name);
            if (back.length != 1 || back[0] != 42) {
                throw new IOException("a file did not read back as it was written");
            }
        } catch (IOException e) {
            String reason = e instanceof NoSuchFileException ? "no file can be made in " + store.root() : Reasons.of(e);
            String message = "Cannot write to " + what + ": " + reason
                    + ". Check that it exists or may be created, its permissions, its quota and the free space.";
            throw new PolyglowException(ErrorKind.ENVIRONMENT, message, e);
        }
    }

    private static Path path(String path, String location) {
        try {
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "'" + location + "' is not a path: " + e.getMessage() + ".", e);
        }
    }

    /** {@code file:///abs}, {@code file:/abs} and, as users write it, {@code file:relative}. */
    private static Path file(String location) {
        String rest = location.substring("file:".length());
        try {
            return rest.startsWith("/") ? Path.of(URI.create(location)) : path(rest, location);
        } catch (IllegalArgumentException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "'" + location + "' is not a file URI: " + e.getMessage() + ".", e);
        }
    }

    private static StoreProvider provider(String scheme, String location) {
        Set<String> known = new TreeSet<>(Set.of("file"));
        for (StoreProvider provider : ServiceLoader.load(StoreProvider.class)) {
            if (provider.schemes().contains(scheme)) {
                return provider;
            }
            known.addAll(provider.schemes());
        }
        String what = "No store for '" + location + "': the scheme '" + scheme + "' is unknown; known are "
                + String.join(", ", known)
                + ", and plain paths. A local path with a colon in its first name is written ./" + location + ".";
        throw new PolyglowException(ErrorKind.USAGE, what);
    }
}
