package io.polyglow.dataprep.language.fasttext;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A read-only little-endian file of any size, mapped in chunks of 1 GiB that overlap by {@link #MAX_RECORD_BYTES}, so that a record lies in one chunk.
 * Safe for many threads. The mapping lasts until the garbage collector finds it.
 */
final class MappedFile {
    /** The longest record that it can give. */
    static final int MAX_RECORD_BYTES = 1 << 18;

    private static final int CHUNK_BITS = 30;
    private static final long CHUNK_BYTES = 1L << CHUNK_BITS;

    private final Path path;
    private final long size;
    private final ByteBuffer[] chunks;

    private MappedFile(Path path, long size, ByteBuffer[] chunks) {
        this.path = path;
        this.size = size;
        this.chunks = chunks;
    }

    /** Maps the file. */
    static MappedFile open(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer[] chunks = new ByteBuffer[(int) ((size + CHUNK_BYTES - 1) >> CHUNK_BITS)];
            for (int i = 0; i < chunks.length; i++) {
                long start = i * CHUNK_BYTES;
                long bytes = Math.min(CHUNK_BYTES + MAX_RECORD_BYTES, size - start);
                chunks[i] = channel.map(MapMode.READ_ONLY, start, bytes).order(ByteOrder.LITTLE_ENDIAN);
            }
            return new MappedFile(path, size, chunks);
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA, "The fastText model " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    long size() {
        return size;
    }

    /** The chunk that holds the record at this position, from first to last byte. */
    ByteBuffer chunk(long position) {
        return chunks[(int) (position >>> CHUNK_BITS)];
    }

    /** Where the position lies in its {@link #chunk}. */
    static int inChunk(long position) {
        return (int) (position & (CHUNK_BYTES - 1));
    }

    byte getByte(long position) {
        return chunk(position).get(inChunk(position));
    }

    int getInt(long position) {
        return chunk(position).getInt(inChunk(position));
    }

    long getLong(long position) {
        return chunk(position).getLong(inChunk(position));
    }

    float getFloat(long position) {
        return chunk(position).getFloat(inChunk(position));
    }

    /** The error for a file that is not what it should be. */
    PolyglowException damaged(String what, long position) {
        return new PolyglowException(
                ErrorKind.DATA,
                "The fastText model " + path + " cannot be used: " + what + " at byte " + position + " of " + size
                        + ". Download it again, or name another model.");
    }
}
