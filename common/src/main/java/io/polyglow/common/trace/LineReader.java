package io.polyglow.common.trace;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/** Reads complete lines of a log; a last line without its line feed is still being written, or was torn by a crash, and does not count. */
final class LineReader implements Closeable {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final byte[] END = {};

    private final InputStream in;

    LineReader(InputStream in) {
        this.in = new BufferedInputStream(in, 1 << 16);
    }

    /** The next line with its line feed; empty at the end. */
    byte[] next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(256);
        for (int b = in.read(); b >= 0; b = in.read()) {
            line.write(b);
            if (b == '\n') {
                return line.toByteArray();
            }
            if (line.size() > MAX_LINE_BYTES) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "A line of a log is longer than " + MAX_LINE_BYTES + " bytes; it is not a log of ours.");
            }
        }
        return END;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
