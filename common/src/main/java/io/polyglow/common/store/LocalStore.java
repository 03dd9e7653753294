package io.polyglow.common.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A folder of a local (or POSIX network) file system. Durable means fsync of the file and of the directories that name it (Pillai et al., "All file
 * systems are not created equal", OSDI 2014). Nothing is created before the first write.
 */
public final class LocalStore implements Store {
    /** A directory being deleted has this prefix first, so that it vanishes at once; leftovers go with the next delete beside it. */
    private static final String DELETED = ".deleted-";

    /** How often a directory is listed that changes meanwhile; from the last time on, what is gone is left out. */
    private static final int LOOKS = 10;

    private final Path root;
    private final boolean freeNames;

    /** A store under {@code root}, which need not exist yet. */
    public LocalStore(Path root) {
        this(root, false);
    }

    private LocalStore(Path root, boolean freeNames) {
        this.root = root.toAbsolutePath().normalize();
        this.freeNames = freeNames;
    }

    /** A folder that holds what a user named, in any letters. */
    public static LocalStore ofFreeNames(Path root) {
        return new LocalStore(root, true);
    }

    @Override
    public String root() {
        return root.toString();
    }

    @Override
    public Output create(String path) throws IOException {
        return output(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Override
    public Output append(String path) throws IOException {
        return output(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private Output output(String path, OpenOption... options) throws IOException {
        Path file = resolve(StorePath.requireBelowRoot(path));
        Files.createDirectories(parentOf(file));
        return new LocalOutput(FileChannel.open(file, options), parentOf(file));
    }

    @Override
    public InputStream open(String path, long offset) throws IOException {
        Path file = resolve(path);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        if (offset > channel.size()) {
            long size = channel.size();
            channel.close();
            throw new EOFException(file + ": offset " + offset + " is beyond its " + size + " bytes");
        }
        return Channels.newInputStream(channel.position(offset));
    }

    @Override
    public Entry stat(String path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(resolve(path), BasicFileAttributes.class);
        return new Entry(path, attributes.isDirectory(), attributes.isDirectory() ? 0 : attributes.size());
    }

    @Override
    public boolean exists(String path) throws IOException {
        return Files.exists(resolve(path));
    }

    @Override
    public List<Entry> list(String directory) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (int look = 1; !look(directory, entries) && look < LOOKS; look++) {
            entries.clear();
        }
        entries.sort(Comparator.comparing(Entry::path));
        return entries;
    }

    /** Adds what is there. False if something was moved or deleted between reading the names and asking for sizes: it may be there by another name, so one looks again. */
    private boolean look(String directory, List<Entry> entries) throws IOException {
        boolean still = true;
        for (Path child : children(resolve(directory))) {
            String name = child.getFileName().toString();
            if (!name.startsWith(DELETED)) {
                try {
                    BasicFileAttributes attributes = Files.readAttributes(child, BasicFileAttributes.class);
                    long bytes = attributes.isDirectory() ? 0 : attributes.size();
                    entries.add(new Entry(
                            directory.isEmpty() ? name : directory + "/" + name, attributes.isDirectory(), bytes));
                } catch (NoSuchFileException e) {
                    still = false;
                }
            }
        }
        return still;
    }

    @Override
    public void makeDirectory(String directory) throws IOException {
        Files.createDirectories(resolve(directory));
        syncDirectories(resolve(directory));
    }

    @Override
    public void publish(String fromDirectory, String toDirectory) throws IOException {
        Path from = resolve(StorePath.requireBelowRoot(fromDirectory));
        Path to = resolve(StorePath.requireBelowRoot(toDirectory));
        if (!Files.isDirectory(from)) {
            throw new NoSuchFileException(from.toString(), null, "there is no such directory to publish");
        }
        if (Files.exists(to)) {
            throw new FileAlreadyExistsException(to.toString());
        }
        syncTree(from);
        Files.createDirectories(parentOf(to));
        try {
            // rename(2) refuses a target that is a directory with files, so of two racing publishers one wins
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            throw Files.exists(to) ? new FileAlreadyExistsException(to.toString()) : e;
        }
        syncDirectories(parentOf(to));
        syncDirectory(parentOf(from));
    }

    @Override
    public void replace(String fromFile, String toFile) throws IOException {
        Path from = resolve(StorePath.requireBelowRoot(fromFile));
        Path to = resolve(StorePath.requireBelowRoot(toFile));
        Files.createDirectories(parentOf(to));
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncDirectories(parentOf(to));
        syncDirectory(parentOf(from));
    }

    @Override
    public void delete(String path) throws IOException {
        Path target = resolve(StorePath.requireBelowRoot(path));
        if (!Files.isDirectory(target)) {
            Files.deleteIfExists(target);
            return;
        }
        Path parent = parentOf(target);
        deleteLeftovers(parent);
        Files.move(target, parent.resolve(DELETED + target.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(parent);
        deleteLeftovers(parent);
    }

    @Override
    public void close() {}

    private Path resolve(String path) {
        return root.resolve(freeNames ? StorePath.checkFree(path) : StorePath.check(path));
    }

    private static Path parentOf(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    /** What reading a directory throws, as the exception that a store throws. */
    private static List<Path> children(Path directory) throws IOException {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(children::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return children;
    }

    private static void deleteLeftovers(Path parent) throws IOException {
        for (Path child : children(parent)) {
            if (child.getFileName().toString().startsWith(DELETED)) {
                deleteTree(child);
            }
        }
    }

    /** Somebody else may delete the same tree meanwhile. */
    private static void deleteTree(Path tree) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                requireVanished(e);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                requireVanished(e);
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void requireVanished(@Nullable IOException e) throws IOException {
        if (e != null && !(e instanceof NoSuchFileException)) {
            throw e;
        }
    }

    private static void syncTree(Path tree) throws IOException {
        // not Files.walk, whose stream throws what is no IOException
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                syncDirectory(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Makes the names from the store's parent down to {@code directory} durable. */
    private void syncDirectories(Path directory) throws IOException {
        for (Path at = directory; at.startsWith(root); at = parentOf(at)) {
            syncDirectory(at);
            if (at.equals(root)) {
                break;
            }
        }
        syncDirectory(parentOf(root));
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private final class LocalOutput extends Output {
        private static final int BUFFER_BYTES = 64 << 10;

        private final FileChannel channel;
        private final Path directory;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        private boolean nameIsDurable;

        LocalOutput(FileChannel channel, Path directory) {
            this.channel = channel;
            this.directory = directory;
        }

        @Override
        public void write(int b) throws IOException {
            if (!buffer.hasRemaining()) {
                flush();
            }
            buffer.put((byte) b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (length > buffer.remaining()) {
                flush();
            }
            if (length > buffer.remaining()) {
                drain(ByteBuffer.wrap(bytes, offset, length));
            } else {
                buffer.put(bytes, offset, length);
            }
        }

        @Override
        public void flush() throws IOException {
            buffer.flip();
            try {
                drain(buffer);
            } finally {
                buffer.compact(); // what a full disk did not take is still to be written
            }
        }

        @Override
        public long position() throws IOException {
            return channel.size() + buffer.position();
        }

        private void drain(ByteBuffer from) throws IOException {
            while (from.hasRemaining()) {
                channel.write(from);
            }
        }

        @Override
        public void sync() throws IOException {
            flush();
            channel.force(true);
            if (!nameIsDurable) {
                syncDirectories(directory);
                nameIsDurable = true;
            }
        }

        @Override
        public void close() throws IOException {
            if (channel.isOpen()) {
                try (channel) {
                    flush();
                }
            }
        }
    }
}
