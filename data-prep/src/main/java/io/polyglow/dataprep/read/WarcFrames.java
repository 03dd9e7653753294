package io.polyglow.dataprep.read;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the records of a WARC file (ISO 28500) begin and end. A length is believed when after it the file ends or the next record begins; where it is false the record
 * is reported and reading goes on with the next that can be seen. At most one record within the limit is held. Not thread-safe.
 */
final class WarcFrames {
    private static final String VERSION = "WARC/";
    private static final String NEXT_RECORD = "\n" + VERSION;
    private static final int MAX_HEADER_BYTES = 1 << 16;
    private static final int MAX_BLANKS = 8;
    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length:[ \t]*(\\d{1,18})[ \t]*\r?$");

    private final ByteWindow window;
    private final ReadOptions options;

    /**
     * One record, or what is wrong with it.
     *
     * @param offset its first byte in the decompressed stream
     */
    @SuppressWarnings("ArrayRecordComponent") // bytes on their way to a parser; nobody compares frames
    record Frame(long offset, byte[] bytes, @Nullable String rejected) {}

    WarcFrames(InputStream in, ReadOptions options) {
        this.window = new ByteWindow(in);
        this.options = options;
    }

    /** The next record; null at the end. */
    @Nullable
    Frame next() throws IOException {
        while (window.has(1) && (window.get(0) == '\r' || window.get(0) == '\n')) {
            window.skip(1);
        }
        long offset = window.offset();
        if (!window.has(1)) {
            return null;
        }
        if (!window.startsWith(0, VERSION)) {
            return rejected(offset, "malformed WARC: " + resync(0) + " bytes that belong to no record");
        }
        int header = headerBytes();
        long length = header < 0 ? -1 : contentLength(header);
        if (length < 0) {
            resync(1);
            return rejected(
                    offset,
                    "malformed WARC: no "
                            + (header < 0
                                    ? "end of the header before the next record or within " + MAX_HEADER_BYTES
                                            + " bytes"
                                    : "Content-Length"));
        }
        return length > options.maxDocumentBytes()
                ? tooLarge(offset, header, length)
                : record(offset, header, (int) length);
    }

    private Frame record(long offset, int header, int length) throws IOException {
        int end = header + length;
        boolean whole = window.has(end);
        if (whole && isEnd(end)) {
            Frame frame = new Frame(offset, window.copy(0, end), null);
            window.skip(end);
            return frame;
        }
        long bytes = resync(header - 1) - header;
        return rejected(
                offset,
                whole || (bytes < length && window.has(1))
                        ? "false length: Content-Length is " + length + ", but the record has " + bytes + " bytes"
                        : "damaged: the file ends after " + bytes + " of the record's " + length + " bytes");
    }

    private Frame tooLarge(long offset, int header, long length) throws IOException {
        long bytes = resync(header - 1) - header;
        boolean asStated = Math.abs(bytes - length) <= MAX_BLANKS;
        return rejected(
                offset,
                asStated
                        ? options.tooLarge(length)
                        : "false length: Content-Length is " + length + ", but the record has " + bytes + " bytes");
    }

    /** Bytes of the header with the empty line after it; -1 when there is none before the next record. */
    private int headerBytes() throws IOException {
        window.has(MAX_HEADER_BYTES);
        for (int i = window.indexOf("\n", 0); i >= 0 && i < MAX_HEADER_BYTES; i = window.indexOf("\n", i + 1)) {
            // the search goes on from here, so no byte is looked at by two of them
            if (window.startsWith(i, NEXT_RECORD)) {
                return -1;
            }
            if (window.startsWith(i, "\n\n")) {
                return i + 2;
            }
            if (window.startsWith(i, "\n\r\n")) {
                return i + 3;
            }
        }
        return -1;
    }

    private long contentLength(int header) {
        Matcher length = LENGTH.matcher(new String(window.copy(0, header), StandardCharsets.ISO_8859_1));
        return length.find() ? Long.parseLong(length.group(1)) : -1;
    }

    /** Whether a record may end {@code at}: line ends, then another or nothing. */
    private boolean isEnd(int at) throws IOException {
        int i = at;
        while (i < at + MAX_BLANKS && window.has(i + 1) && (window.get(i) == '\r' || window.get(i) == '\n')) {
            i++;
        }
        return !window.has(i + 1) || (i > at && window.startsWith(i, VERSION));
    }

    /** Goes to the next record that begins behind byte {@code from}; returns how many bytes lie between, without the line ends before it. */
    private long resync(int from) throws IOException {
        return window.skipTo(NEXT_RECORD, from);
    }

    private static Frame rejected(long offset, String reason) {
        return new Frame(offset, new byte[0], reason);
    }
}
