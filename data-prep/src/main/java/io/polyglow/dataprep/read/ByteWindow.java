package io.polyglow.dataprep.read;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * A stream that can be looked ahead in: framers find where a record ends before they take it. Memory is at most twice what was asked to be seen at once, so that bytes are moved to the
 * front of the buffer only after as many were given up: time is linear whatever is asked for. Not thread-safe.
 */
final class ByteWindow implements Closeable {
    private static final int CHUNK_BYTES = 1 << 16;

    private final InputStream in;
    private byte[] buffer = new byte[CHUNK_BYTES];
    private int start;
    private int end;
    private long offset;

    ByteWindow(InputStream in) {
        this.in = in;
    }

    /** Brings {@code n} bytes into sight; false when the stream ends before. */
    boolean has(int n) throws IOException {
        while (end - start < n) {
            makeRoom(n);
            int read = in.read(buffer, end, buffer.length - end);
            if (read < 0) {
                return false;
            }
            end += read;
        }
        return true;
    }

    /** Bytes in sight. */
    int size() {
        return end - start;
    }

    /** The byte {@code i} places ahead, which must be in sight. */
    byte get(int i) {
        return buffer[start + i];
    }

    /** A copy of {@code [from, to)}, which must be in sight. */
    byte[] copy(int from, int to) {
        return Arrays.copyOfRange(buffer, start + from, start + to);
    }

    /** Where the bytes in sight begin in the stream. */
    long offset() {
        return offset;
    }

    /** Gives up {@code n} bytes, which must be in sight. */
    void skip(int n) {
        start += n;
        offset += n;
    }

    /** Whether {@code text}, whose characters are bytes, stands {@code i} places ahead. */
    boolean startsWith(int i, String text) throws IOException {
        boolean same = has(i + text.length());
        for (int k = 0; same && k < text.length(); k++) {
            same = get(i + k) == (byte) text.charAt(k);
        }
        return same;
    }

    /** Place of {@code text} from {@code from} on within the bytes in sight; -1 when it is not there. */
    int indexOf(String text, int from) {
        for (int i = from; i + text.length() <= size(); i++) {
            int k = 0;
            while (k < text.length() && get(i + k) == (byte) text.charAt(k)) {
                k++;
            }
            if (k == text.length()) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Gives up everything before the next place of {@code text} at or after {@code from}, or everything.
     *
     * @return how many bytes were given up
     */
    long skipTo(String text, int from) throws IOException {
        long before = offset;
        boolean more = has(from + text.length());
        int found = indexOf(text, from);
        while (found < 0 && more) {
            skip(Math.max(0, size() - text.length() + 1));
            more = has(CHUNK_BYTES);
            found = indexOf(text, 0);
        }
        skip(found < 0 ? size() : found);
        return offset - before;
    }

    private void makeRoom(int n) {
        if (end < buffer.length) {
            return;
        }
        int size = size();
        byte[] to = start >= size ? buffer : new byte[(int) Math.min(2L * buffer.length, 2L * n)];
        System.arraycopy(buffer, start, to, 0, size);
        buffer = to;
        start = 0;
        end = size;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
