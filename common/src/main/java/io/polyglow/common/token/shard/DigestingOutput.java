package io.polyglow.common.token.shard;

import io.polyglow.common.store.Store;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes little-endian values in blocks and keeps the check sums of what it wrote. */
final class DigestingOutput implements AutoCloseable {
    private final OutputStream out;
    private final ByteBuffer block = ByteBuffer.allocate(FileDigest.BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final MessageDigest sha256 = newSha256();
    private final List<Long> crcs = new ArrayList<>();
    private long bytes;

    DigestingOutput(OutputStream out) {
        this.out = out;
    }

    static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    long bytes() {
        return bytes + block.position();
    }

    void writeByte(int value) throws IOException {
        if (!block.hasRemaining()) {
            writeBlock();
        }
        block.put((byte) value);
    }

    void writeShort(int value) throws IOException {
        writeByte(value);
        writeByte(value >>> 8);
    }

    void writeInt(int value) throws IOException {
        writeShort(value);
        writeShort(value >>> 16);
    }

    void writeLong(long value) throws IOException {
        writeInt((int) value);
        writeInt((int) (value >>> 32));
    }

    void write(byte[] values) throws IOException {
        for (byte value : values) {
            writeByte(value);
        }
    }

    /** Writes what is left, makes it durable if the file can, and closes it. */
    FileDigest finish() throws IOException {
        if (block.position() > 0) {
            writeBlock();
        }
        out.flush();
        if (out instanceof Store.Output file) {
            file.sync();
        }
        out.close();
        return new FileDigest(bytes, HexFormat.of().formatHex(sha256.digest()), List.copyOf(crcs));
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private void writeBlock() throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(block.array(), 0, block.position());
        crcs.add(crc.getValue());
        sha256.update(block.array(), 0, block.position());
        out.write(block.array(), 0, block.position());
        bytes += block.position();
        block.clear();
    }
}
