package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A file of a store as memory, checked against its digest. A local file is mapped where it lies. Any other is first copied to a temporary file, which is
 * deleted as soon as it is mapped: the copy lives in the page cache and on the local disk, outlives no process, and costs no heap.
 */
final class MappedFile {
    private MappedFile() {}

    /** The bytes of a file below 2 GiB, little-endian, safe to read by many threads with absolute gets. */
    static ByteBuffer open(Store store, String path, FileDigest digest) throws IOException {
        requireLength(store, path, digest);
        ByteBuffer bytes = store instanceof LocalStore ? map(Path.of(store.root(), path)) : mapCopy(store, path);
        verify(store.root() + "/" + path, bytes, digest);
        return bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Refuses a file of another length than its digest's, without reading it. */
    static void requireLength(Store store, String path, FileDigest digest) throws IOException {
        long length = store.stat(path).bytes();
        if (length != digest.bytes()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    store.root() + "/" + path + ", byte " + Math.min(length, digest.bytes()) + ": the file has "
                            + length + " bytes, the manifest says " + digest.bytes()
                            + ". It was cut off or replaced; copy or prepare the corpus again.");
        }
    }

    private static ByteBuffer mapCopy(Store store, String path) throws IOException {
        Path copy = Files.createTempFile("polyglow-shard", null);
        try (InputStream in = store.open(path, 0)) {
            copy(in, copy);
            return map(copy);
        } finally {
            Files.delete(copy);
        }
    }

    private static void copy(InputStream in, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            in.transferTo(out);
        } catch (FileSystemException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "Cannot copy a shard to " + file.getParent() + " to map it: " + e.getMessage()
                            + ". Free space there, or set -Djava.io.tmpdir to a folder on a larger disk.",
                    e);
        }
    }

    private static ByteBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        }
    }

    private static void verify(String file, ByteBuffer bytes, FileDigest digest) {
        CRC32C crc = new CRC32C();
        for (int block = 0; block < digest.crc32c().size(); block++) {
            int start = block * FileDigest.BLOCK_BYTES;
            int length = Math.min(FileDigest.BLOCK_BYTES, bytes.limit() - start);
            crc.reset();
            crc.update(bytes.slice(start, length));
            if (crc.getValue() != digest.crc32c().get(block)) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        file + ", bytes " + start + " to " + (start + length) + ": damaged, CRC32C is " + crc.getValue()
                                + ", the manifest says " + digest.crc32c().get(block)
                                + ". Copy or prepare the corpus again.");
            }
        }
    }
}
