package io.polyglow.common.store;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory that is as forgetful as the promises of {@link Store} allow: bytes that were not synced are lost by {@link #crash}, bytes that were
 * neither synced nor closed are invisible. Its faults are enumerable: count the {@link #operations} of a run, then repeat the run with
 * {@link #failBetween} or {@link #haltAt} at each of them. An operation is a create, append, write, sync, close, makeDirectory, publish, replace or delete.
 * Safe for use by several threads.
 */
public final class MemoryStore implements Store {
    private static final int NEVER = Integer.MAX_VALUE;

    private static final class File {
        byte[] bytes = new byte[0];
        int length;
        int visible;
        int durable;
        boolean named;

        void append(byte[] from, int offset, int count) {
            if (length + count > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
            }
            System.arraycopy(from, offset, bytes, length, count);
            length += count;
        }
    }

    /** Path to file, or to null for a directory. */
    private TreeMap<String, @Nullable File> entries = new TreeMap<>();

    private final List<String> opened = new ArrayList<>();
    private int incarnation;
    private int operations;
    private int failFrom = NEVER;
    private int failTo = NEVER;
    private int haltAt = NEVER;

    /** How many operations there have been. */
    public synchronized int operations() {
        return operations;
    }

    /** The paths that were opened for reading, once for each time. */
    public synchronized List<String> opened() {
        return List.copyOf(opened);
    }

    /** Lets operation {@code operation} (counted from 1) fail with an {@link IOException}; those after it work again. */
    public void failAt(int operation) {
        failBetween(operation, operation);
    }

    /** Lets operations {@code first ... last} (counted from 1) fail with an {@link IOException}, as a store that restarts. */
    public synchronized void failBetween(int first, int last) {
        failFrom = first;
        failTo = last;
    }

    /** Lets all further operations succeed: what was planned for operations that did not come is forgotten. */
    public synchronized void heal() {
        failFrom = NEVER;
        haltAt = NEVER;
    }

    /**
     * Lets operation {@code operation} and all after it fail, as if the process had been killed at that point, until {@link #crash} brings the store
     * back. A write is torn: half of its bytes arrive.
     */
    public synchronized void haltAt(int operation) {
        haltAt = operation;
    }

    /** Loses power: all that was not durable is gone, open outputs are dead, planned faults are forgotten. */
    public void crash() {
        crash(0);
    }

    /** As {@link #crash()}, but this fraction of each file's unsynced bytes happened to reach the disk. */
    public synchronized void crash(double survivingFraction) {
        entries.entrySet().removeIf(e -> e.getValue() != null && !e.getValue().named && survivingFraction == 0);
        for (File file : entries.values()) {
            if (file != null) {
                file.length = file.durable + (int) (survivingFraction * (file.length - file.durable));
                file.durable = file.length;
                file.visible = file.length;
                file.named = true;
            }
        }
        incarnation++;
        heal();
    }

    private boolean isHalted() {
        return operations >= haltAt;
    }

    private void count(String what) throws IOException {
        operations++;
        if ((operations >= failFrom && operations <= failTo) || isHalted()) {
            throw new IOException(
                    (isHalted() ? "halted at " : "injected failure at ") + "operation " + operations + ": " + what);
        }
    }

    @Override
    public String root() {
        return "memory:";
    }

    @Override
    public synchronized Output create(String path) throws IOException {
        StorePath.checkBelowRoot(path);
        count("create " + path);
        if (entries.containsKey(path)) {
            throw new FileAlreadyExistsException(path);
        }
        return output(path, new File());
    }

    @Override
    public synchronized Output append(String path) throws IOException {
        StorePath.checkBelowRoot(path);
        count("append " + path);
        return output(path, entries.containsKey(path) ? file(path) : new File());
    }

    private Output output(String path, File file) throws IOException {
        makeParents(path);
        entries.put(path, file);
        return new MemoryOutput(path, file, incarnation);
    }

    private void makeParents(String path) throws IOException {
        String parent = StorePath.parent(path);
        if (!parent.isEmpty()) {
            if (entries.get(parent) != null) {
                throw new FileAlreadyExistsException(parent, null, "is a file, not a directory");
            }
            makeParents(parent);
            entries.put(parent, null);
        }
    }

    @Override
    public synchronized InputStream open(String path, long offset) throws IOException {
        File file = file(StorePath.checkBelowRoot(path));
        if (offset > file.visible) {
            throw new EOFException(path + ": offset " + offset + " is beyond its " + file.visible + " bytes");
        }
        opened.add(path);
        return new ByteArrayInputStream(Arrays.copyOfRange(file.bytes, (int) offset, file.visible));
    }

    private File file(String path) throws IOException {
        File file = entries.get(path);
        if (file == null) {
            throw entries.containsKey(path) ? new IOException(path + " is a directory") : new NoSuchFileException(path);
        }
        return file;
    }

    @Override
    public synchronized Entry stat(String path) throws IOException {
        if (!exists(path)) {
            throw new NoSuchFileException(path);
        }
        File file = entries.get(path);
        return new Entry(path, file == null, file == null ? 0 : file.visible);
    }

    @Override
    public synchronized boolean exists(String path) {
        return StorePath.check(path).isEmpty() || entries.containsKey(path);
    }

    @Override
    public synchronized List<Entry> list(String directory) throws IOException {
        if (!stat(directory).directory()) {
            throw new NotDirectoryException(directory);
        }
        List<Entry> result = new ArrayList<>();
        for (String path : entries.keySet()) {
            if (StorePath.parent(path).equals(directory)) {
                result.add(stat(path));
            }
        }
        return result;
    }

    @Override
    public synchronized void makeDirectory(String directory) throws IOException {
        StorePath.check(directory);
        count("makeDirectory " + directory);
        if (!directory.isEmpty()) {
            makeParents(directory + "/x");
        }
    }

    @Override
    public synchronized void publish(String fromDirectory, String toDirectory) throws IOException {
        StorePath.checkBelowRoot(fromDirectory);
        StorePath.checkBelowRoot(toDirectory);
        count("publish " + fromDirectory + " as " + toDirectory);
        if (!entries.containsKey(fromDirectory)) {
            throw new NoSuchFileException(fromDirectory);
        }
        if (entries.containsKey(toDirectory)) {
            throw new FileAlreadyExistsException(toDirectory);
        }
        makeParents(toDirectory);
        TreeMap<String, @Nullable File> moved = new TreeMap<>();
        for (Map.Entry<String, @Nullable File> entry : entries.entrySet()) {
            String path = entry.getKey();
            boolean inside = isInside(path, fromDirectory);
            moved.put(inside ? toDirectory + path.substring(fromDirectory.length()) : path, entry.getValue());
        }
        entries = moved;
    }

    @Override
    public synchronized void replace(String fromFile, String toFile) throws IOException {
        StorePath.checkBelowRoot(fromFile);
        StorePath.checkBelowRoot(toFile);
        count("replace " + toFile + " by " + fromFile);
        File file = file(fromFile);
        makeParents(toFile);
        entries.remove(fromFile);
        entries.put(toFile, file);
        file.named = true;
    }

    @Override
    public synchronized void delete(String path) throws IOException {
        StorePath.checkBelowRoot(path);
        count("delete " + path);
        entries.keySet().removeIf(each -> isInside(each, path));
    }

    private static boolean isInside(String path, String directory) {
        return path.equals(directory) || path.startsWith(directory + "/");
    }

    @Override
    public void close() {}

    private final class MemoryOutput extends Output {
        private final String path;
        private final File file;
        private final int born;
        private boolean closed;

        MemoryOutput(String path, File file, int born) {
            this.path = path;
            this.file = file;
            this.born = born;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int count) throws IOException {
            synchronized (MemoryStore.this) {
                checkOpen();
                try {
                    count("write " + count + " bytes to " + path);
                } catch (IOException e) {
                    file.append(from, offset, operations == haltAt ? count / 2 : 0);
                    throw e;
                }
                file.append(from, offset, count);
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (MemoryStore.this) {
                checkOpen();
                count("sync " + path);
                file.durable = file.length;
                file.visible = file.length;
                file.named = true;
            }
        }

        @Override
        public void close() throws IOException {
            synchronized (MemoryStore.this) {
                if (!closed) {
                    closed = true;
                    count("close " + path);
                    file.visible = born == incarnation ? file.length : file.visible;
                }
            }
        }

        @Override
        public long position() {
            return file.length;
        }

        private void checkOpen() throws IOException {
            if (closed || born != incarnation) {
                throw new IOException(path + (closed ? " is closed" : " was open when the store crashed"));
            }
        }
    }
}
