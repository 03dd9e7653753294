package io.polyglow.dataprep.read;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Lines of bytes in bounded memory: a line longer than the limit is passed over, and only its length is kept. Lines end with
 * {@code \n}; a {@code \r} before it belongs to the ending. Not thread-safe.
 */
public final class LineReader implements Closeable {
    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private final int maxLineBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private byte[] line = new byte[256];
    private int kept;
    private long lineBytes;
    private long consumed;

    /** Reads {@code in} until its end; a line may hold at most {@code maxLineBytes}. */
    public LineReader(InputStream in, int maxLineBytes) {
        this.in = in;
        this.maxLineBytes = maxLineBytes;
    }

    /** Moves to the next line; false at the end. A last line without an ending counts when it has bytes. */
    public boolean next() throws IOException {
        kept = 0;
        lineBytes = 0;
        boolean any = false;
        while (position < limit || fill()) {
            any = true;
            int end = indexOfNewline();
            take(end - position);
            position = end;
            if (end < limit) {
                takeNewline();
                break;
            }
        }
        return any;
    }

    /** The line's bytes are {@code bytes()[0, length())}, its ending follows; valid until the next {@link #next}. */
    public byte[] bytes() {
        return line;
    }

    /** Bytes of the line without its ending. */
    public int length() {
        int length = kept;
        length -= length > 0 && line[length - 1] == '\n' ? 1 : 0;
        return length - (length > 0 && line[length - 1] == '\r' ? 1 : 0);
    }

    /** Bytes of the line with its ending, as they stand in the file. */
    public int lengthWithEnding() {
        return kept;
    }

    /** Whether the line exceeds the limit; its bytes are then not available. */
    public boolean isTooLong() {
        return lineBytes > maxLineBytes;
    }

    /** Full length of the line in bytes, also when it is too long. */
    public long lineBytes() {
        return lineBytes;
    }

    /** Bytes read so far, line endings included. */
    public long consumed() {
        return consumed;
    }

    private boolean fill() throws IOException {
        position = 0;
        limit = 0; // should the stream fail and be read on
        limit = Math.max(0, in.read(buffer));
        return limit > 0;
    }

    private int indexOfNewline() {
        int i = position;
        while (i < limit && buffer[i] != '\n') {
            i++;
        }
        return i;
    }

    private void take(int length) {
        lineBytes += length;
        consumed += length;
        if (isTooLong()) {
            kept = 0;
        } else {
            keep(length);
        }
    }

    /** The ending does not count towards the limit. */
    private void takeNewline() {
        if (!isTooLong()) {
            keep(1);
        }
        position++;
        consumed++;
    }

    private void keep(int length) {
        if (kept + length > line.length) {
            line = Arrays.copyOf(line, (int) Math.min(maxLineBytes + 1L, 2L * (kept + length)));
        }
        System.arraycopy(buffer, position, line, kept, length);
        kept += length;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
