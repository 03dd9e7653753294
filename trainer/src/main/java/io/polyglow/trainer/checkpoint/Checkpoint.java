package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.trainer.checkpoint.Inventory.FileEntry;
import io.polyglow.trainer.checkpoint.Inventory.SliceEntry;
import io.polyglow.trainer.checkpoint.Inventory.TensorEntry;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A finished checkpoint, opened for reading. Only the asked-for ranges are read, and every byte that is handed out has been counted into a
 * checksum that is compared with the manifest's before the read returns; what does not fit is a {@link ErrorKind#CHECKPOINT} error that
 * names the file, the damaged bytes as closely as they are known, and what to do. Used by one thread.
 */
public final class Checkpoint {
    private static final int CHUNK = 1 << 20;
    private static final Sink IGNORED = (element, bytes, length) -> {};

    /** Takes the bytes of a tensor or slice, in order. */
    public interface Sink {
        /** Takes {@code length} bytes, the first of which belongs to element {@code element} of the parameter. */
        void accept(long element, DirectBuffer bytes, int length);
    }

    /** The two moments of AdamW. */
    public enum Moment {
        /** Mean of gradients. */
        FIRST,
        /** Mean of squared gradients. */
        SECOND
    }

    private final Store store;
    private final String path;
    private final Manifest manifest;
    private final Remedy remedy;
    private final OpenFiles files;
    private final Map<String, SafetensorsHeader> headers = new HashMap<>();
    private final byte[] chunk = new byte[CHUNK];
    private final UnsafeBuffer view = new UnsafeBuffer(chunk);

    private Checkpoint(Store store, String path, Manifest manifest) {
        this.store = store;
        this.path = path;
        this.manifest = manifest;
        this.remedy = new Remedy(store, path);
        this.files = new OpenFiles(store, path);
    }

    /** Reads the manifest of the checkpoint at {@code path} and checks that every file is there in full length. */
    public static Checkpoint open(Store store, String path) {
        Remedy remedy = new Remedy(store, path);
        String file = store.root() + "/" + path + "/" + Manifest.FILE;
        try {
            Checkpoint checkpoint =
                    new Checkpoint(store, path, Manifest.decode(file, manifest(store, path), remedy::text));
            for (FileEntry entry : checkpoint.manifest.inventory().files()) {
                checkpoint.requireLength(entry);
            }
            return checkpoint;
        } catch (IOException e) {
            throw unreadable(file, e, remedy);
        }
    }

    /** Whether manifest and lengths of the checkpoint at {@code path} are as they should be; an exception tells what is not, without advice. */
    static void checkWhole(Store store, String path) throws IOException {
        Manifest manifest = Manifest.decode(path, manifest(store, path), () -> "");
        for (FileEntry entry : manifest.inventory().files()) {
            if (store.stat(path + "/" + entry.name()).bytes() != entry.bytes()) {
                throw new IOException(path + "/" + entry.name() + " has another length than its manifest says");
            }
        }
    }

    private static byte[] manifest(Store store, String path) throws IOException {
        try (InputStream in = store.open(path + "/" + Manifest.FILE, 0)) {
            return in.readNBytes(Manifest.MAX_BYTES);
        }
    }

    /** What this is a state of. */
    public Manifest manifest() {
        return manifest;
    }

    /** Where it is. */
    public String location() {
        return store.root() + "/" + path;
    }

    /** Number of elements of all parameters together. */
    public long parameters() {
        return manifest.inventory().tensors().stream()
                .mapToLong(TensorEntry::size)
                .sum();
    }

    /** Reads a small file of the checkpoint, such as {@code tokenizer.json}, whole. */
    public byte[] file(String name) {
        for (FileEntry entry : manifest.inventory().files()) {
            if (entry.name().equals(name)) {
                try {
                    return read(entry);
                } finally {
                    closeFiles();
                }
            }
        }
        throw new PolyglowException(ErrorKind.CHECKPOINT, location() + ": has no file " + name + ".");
    }

    /** Closes the files that {@link #readParameter} and {@link #readMoment} have left open for the next. */
    void closeFiles() {
        try {
            files.close();
        } catch (IOException e) {
            throw unreadable(location(), e, remedy);
        }
    }

    /** Reads a whole parameter, which must have {@code size} elements. */
    void readParameter(String name, long size, Sink sink) {
        for (TensorEntry tensor : manifest.inventory().tensors()) {
            if (tensor.name().equals(name)) {
                if (tensor.size() != size) {
                    throw new PolyglowException(
                            ErrorKind.CHECKPOINT,
                            location() + ": parameter '" + name + "' has shape " + tensor.shape()
                                    + ", but the model needs " + size
                                    + " elements; the checkpoint belongs to another model.");
                }
                readTensor(tensor.file(), name, tensor.crc32c(), 0, sink);
                return;
            }
        }
        throw new PolyglowException(
                ErrorKind.CHECKPOINT,
                location() + ": has no parameter '" + name + "'; the checkpoint belongs to another model.");
    }

    /**
     * Reads the slices of a moment that overlap elements {@code [from, from + count)}; the sink sees whole slices, which may reach beyond
     * the range on both sides.
     */
    void readMoment(String parameter, Moment moment, long from, long count, Sink sink) {
        List<SliceEntry> slices = new ArrayList<>();
        for (SliceEntry slice : manifest.inventory().slices()) {
            if (slice.parameter().equals(parameter)
                    && slice.from() < from + count
                    && from < slice.from() + slice.count()) {
                slices.add(slice);
            }
        }
        slices.sort(Comparator.comparingLong(SliceEntry::from));
        long covered = from;
        for (SliceEntry slice : slices) {
            if (slice.from() > covered) {
                break;
            }
            boolean first = moment == Moment.FIRST;
            int crc = first ? slice.firstCrc32c() : slice.secondCrc32c();
            readTensor(slice.file(), first ? slice.first() : slice.second(), crc, slice.from(), sink);
            covered = slice.from() + slice.count();
        }
        if (covered < from + count) {
            throw new PolyglowException(
                    ErrorKind.CHECKPOINT,
                    location() + ": has no optimizer state for element " + covered + " of parameter '" + parameter
                            + "'.");
        }
    }

    /** SHA-256 over the parameters in name order: UTF-8 name, then F32 bytes. It does not depend on layout or files. */
    public String weightsSha256() {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            List<TensorEntry> tensors = new ArrayList<>(manifest.inventory().tensors());
            tensors.sort(Comparator.comparing(TensorEntry::name));
            for (TensorEntry tensor : tensors) {
                sha.update(tensor.name().getBytes(StandardCharsets.UTF_8));
                readParameter(tensor.name(), tensor.size(), (element, bytes, length) -> sha.update(chunk, 0, length));
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        } finally {
            closeFiles();
        }
    }

    /** Reads every byte of every file. */
    public void verify() {
        try {
            manifest.inventory().files().forEach(this::verify);
        } finally {
            closeFiles();
        }
    }

    private void verify(FileEntry file) {
        CRC32C crc = new CRC32C();
        read(file.name(), 0, file.bytes(), crc, 0, IGNORED);
        if ((int) crc.getValue() != file.crc32c()) {
            verifyTensors(file.name());
        }
        checkCrc(file.name(), 0, file.bytes(), "the file", file.crc32c(), crc);
    }

    /** Finds out which tensor of a damaged file is damaged. */
    private void verifyTensors(String file) {
        for (TensorEntry tensor : manifest.inventory().tensors()) {
            if (tensor.file().equals(file)) {
                readTensor(file, tensor.name(), tensor.crc32c(), 0, IGNORED);
            }
        }
        for (SliceEntry slice : manifest.inventory().slices()) {
            if (slice.file().equals(file)) {
                readTensor(file, slice.first(), slice.firstCrc32c(), 0, IGNORED);
                readTensor(file, slice.second(), slice.secondCrc32c(), 0, IGNORED);
            }
        }
    }

    private byte[] read(FileEntry entry) {
        byte[] whole = new byte[Math.toIntExact(entry.bytes())];
        CRC32C crc = new CRC32C();
        read(
                entry.name(),
                0,
                entry.bytes(),
                crc,
                0,
                (element, bytes, length) -> bytes.getBytes(0, whole, (int) element * Float.BYTES, length));
        checkCrc(entry.name(), 0, entry.bytes(), "the file", entry.crc32c(), crc);
        return whole;
    }

    private void readTensor(String file, String name, int expectedCrc, long firstElement, Sink sink) {
        SafetensorsHeader header = header(file);
        for (SafetensorsHeader.Entry entry : header.entries()) {
            if (entry.name().equals(name)) {
                CRC32C crc = new CRC32C();
                long offset = header.dataOffset() + entry.begin();
                read(file, offset, entry.bytes(), crc, firstElement, sink);
                checkCrc(file, offset, entry.bytes(), "tensor '" + name + "'", expectedCrc, crc);
                return;
            }
        }
        throw broken(file, 8, "has no tensor '" + name + "'");
    }

    private SafetensorsHeader header(String file) {
        SafetensorsHeader known = headers.get(file);
        if (known != null) {
            return known;
        }
        for (FileEntry entry : manifest.inventory().files()) {
            if (entry.name().equals(file)) {
                SafetensorsHeader header = readHeader(entry);
                headers.put(file, header);
                return header;
            }
        }
        throw new PolyglowException(
                ErrorKind.CHECKPOINT, location() + ": the manifest does not list the file " + file + ".");
    }

    private SafetensorsHeader readHeader(FileEntry entry) {
        String name = location() + "/" + entry.name();
        SafetensorsHeader header;
        try {
            header = SafetensorsHeader.read(name, files.at(entry.name(), 0), entry.bytes());
        } catch (PolyglowException e) {
            throw remedy.addTo(e);
        } catch (IOException e) {
            throw unreadable(name, e, remedy);
        }
        if (header.crc32c() != entry.headerCrc32c()) {
            throw damaged(entry.name(), 0, header.dataOffset(), "the header", entry.headerCrc32c(), header.crc32c());
        }
        return header;
    }

    private void read(String file, long offset, long bytes, CRC32C crc, long firstElement, Sink sink) {
        String name = location() + "/" + file;
        try {
            InputStream in = files.at(file, offset);
            for (long done = 0; done < bytes; ) {
                int length = in.readNBytes(chunk, 0, (int) Math.min(CHUNK, bytes - done));
                if (length == 0) {
                    throw broken(file, offset + done, "ends too early");
                }
                crc.update(chunk, 0, length);
                sink.accept(firstElement + done / Float.BYTES, view, length);
                done += length;
            }
        } catch (IOException e) {
            throw unreadable(name + ", near byte " + offset, e, remedy);
        }
    }

    private void checkCrc(String file, long offset, long bytes, String what, int expected, CRC32C actual) {
        if ((int) actual.getValue() != expected) {
            throw damaged(file, offset, bytes, what, expected, (int) actual.getValue());
        }
    }

    private PolyglowException damaged(String file, long offset, long bytes, String what, int expected, int actual) {
        return remedy.addTo(new PolyglowException(
                ErrorKind.CHECKPOINT,
                location() + "/" + file + ": damaged somewhere in bytes [" + offset + ", " + (offset + bytes) + "), "
                        + what + ": their CRC32C is " + Inventory.hex(actual) + ", but the manifest says "
                        + Inventory.hex(expected) + "."));
    }

    private PolyglowException broken(String file, long offset, String what) {
        return remedy.addTo(SafetensorsHeader.broken(location() + "/" + file, offset, what));
    }

    private void requireLength(FileEntry entry) throws IOException {
        Store.Entry stat;
        try {
            stat = store.stat(path + "/" + entry.name());
        } catch (NoSuchFileException e) {
            throw remedy.addTo(new PolyglowException(
                    ErrorKind.CHECKPOINT,
                    location() + "/" + entry.name() + ": is missing, but the manifest lists it with " + entry.bytes()
                            + " bytes.",
                    e));
        }
        if (stat.bytes() != entry.bytes()) {
            throw broken(
                    entry.name(),
                    Math.min(stat.bytes(), entry.bytes()),
                    "has " + stat.bytes() + " bytes, but the manifest says " + entry.bytes());
        }
    }

    /** A file that is gone is damage; any other error may be the store's, and no reason to give the checkpoint up. */
    private static PolyglowException unreadable(String file, IOException e, Remedy remedy) {
        boolean damage = e instanceof NoSuchFileException || e instanceof EOFException;
        String what = file + ": cannot be read: " + e + ".";
        return new PolyglowException(
                ErrorKind.CHECKPOINT,
                what + " " + (damage ? remedy.text() : "Look whether the store works, and try again."),
                e);
    }
}
