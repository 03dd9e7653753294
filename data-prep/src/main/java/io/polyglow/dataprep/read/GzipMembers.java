package io.polyglow.dataprep.read;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * The members of a gzip file (RFC 1952) one by one, with the offset of each: in a WARC file every record is one. After a damaged member reading goes on with the next
 * place that looks like the start of one. Not thread-safe.
 */
final class GzipMembers extends InputStream implements Closeable {
    private static final String MAGIC = "\u001f\u008b\b";
    private static final int FIXED_HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;
    private static final int MAX_HEADER_BYTES = 1 << 16;
    private static final int INPUT_BYTES = 1 << 14;

    private final ByteWindow raw;
    private final int keepBytes;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private long offset;

    /** Bytes of the member in sight that the inflater was given. */
    private int fed;

    private boolean isOpen;
    private boolean isForgotten;
    private boolean isBehindMember;

    /** When a member of more than {@code keepBytes} on disk is damaged, only what was read last is searched again for others. */
    GzipMembers(InputStream in, int keepBytes) {
        this.raw = new ByteWindow(in);
        this.keepBytes = keepBytes;
    }

    /** Where the member begins in the file. */
    long offset() {
        return offset;
    }

    /**
     * Goes to the next member; false at the end of the file. The member before must have been read to its end, or given up by {@link #recover}.
     *
     * @throws ZipException when something else than a member follows; {@link #recover} then finds the next one
     */
    boolean next() throws IOException {
        passPadding();
        offset = raw.offset();
        isForgotten = false;
        if (!raw.has(1)) {
            return false;
        }
        fed = headerBytes();
        inflater.reset();
        crc.reset();
        isOpen = true;
        return true;
    }

    /** Zeros behind a member fill a block of some device and mean nothing, as for gzip(1). */
    private void passPadding() throws IOException {
        while (isBehindMember && raw.has(1) && raw.get(0) == 0) {
            raw.skip(1);
        }
    }

    /** After an error: passes over to the next place that looks like a member. */
    void recover() throws IOException {
        isOpen = false;
        isBehindMember = false;
        raw.skipTo(MAGIC, isForgotten ? 0 : 1);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (!isOpen || length == 0) {
            return isOpen ? 0 : -1;
        }
        long before = inflater.getBytesWritten();
        try {
            int n = inflater.inflate(into, from, length);
            while (n == 0 && !inflater.finished()) {
                feed();
                n = inflater.inflate(into, from, length);
            }
            crc.update(into, from, n);
            return n > 0 ? n : finish();
        } catch (DataFormatException e) {
            int good = (int) (inflater.getBytesWritten() - before);
            if (good > 0) {
                // the inflater throws again when it is asked for more
                return good;
            }
            throw new ZipException("gzip member at byte " + offset + ": " + e.getMessage());
        }
    }

    private void feed() throws IOException {
        if (inflater.needsDictionary()) {
            throw new ZipException("gzip member at byte " + offset + ": asks for a dictionary");
        }
        if (fed > Math.max(keepBytes, INPUT_BYTES)) {
            raw.skip(fed - INPUT_BYTES);
            fed = INPUT_BYTES;
            isForgotten = true;
        }
        raw.has(fed + INPUT_BYTES);
        int n = Math.min(raw.size() - fed, INPUT_BYTES);
        if (n <= 0) {
            throw new EOFException("gzip member at byte " + offset + ": the file ends inside it");
        }
        inflater.setInput(raw.copy(fed, fed + n));
        fed += n;
    }

    private int finish() throws IOException {
        int length = fed - inflater.getRemaining();
        if (!raw.has(length + TRAILER_BYTES)) {
            throw new EOFException("gzip member at byte " + offset + ": the file ends inside it");
        }
        if (number(length) != crc.getValue() || number(length + 4) != (inflater.getBytesWritten() & 0xffffffffL)) {
            throw new ZipException("gzip member at byte " + offset + ": check sum or length differ");
        }
        raw.skip(length + TRAILER_BYTES);
        isOpen = false;
        isBehindMember = true;
        return -1;
    }

    private long number(int at) {
        long value = 0;
        for (int i = 3; i >= 0; i--) {
            value = (value << 8) | (raw.get(at + i) & 0xff);
        }
        return value;
    }

    private int headerBytes() throws IOException {
        if (!raw.has(FIXED_HEADER_BYTES) || !raw.startsWith(0, MAGIC)) {
            throw new ZipException("at byte " + offset + " begins no gzip member");
        }
        int flags = raw.get(3);
        int length = FIXED_HEADER_BYTES;
        if ((flags & 4) != 0) {
            require(length + 2);
            length += 2 + (raw.get(length) & 0xff) + ((raw.get(length + 1) & 0xff) << 8);
        }
        length = (flags & 8) == 0 ? length : afterNul(length);
        length = (flags & 16) == 0 ? length : afterNul(length);
        length += (flags & 2) == 0 ? 0 : 2;
        require(length);
        return length;
    }

    private int afterNul(int from) throws IOException {
        for (int i = from; i < MAX_HEADER_BYTES; i++) {
            require(i + 1);
            if (raw.get(i) == 0) {
                return i + 1;
            }
        }
        throw new ZipException("gzip member at byte " + offset + ": the name does not end");
    }

    private void require(int n) throws IOException {
        if (!raw.has(n)) {
            throw new EOFException("gzip member at byte " + offset + ": the file ends inside it");
        }
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        raw.close();
    }
}
