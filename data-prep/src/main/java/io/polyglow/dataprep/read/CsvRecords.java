package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Place;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Where the records of a CSV file (RFC 4180) begin and end: at line ends outside of quotes. A quote that is not closed within the limit costs one line, not the file. At most one
 * record within the limit is held. Not thread-safe.
 */
final class CsvRecords implements Closeable {
    /** How often a record may be searched for its closing quote in vain; each search may read up to the limit again. */
    static final int MAX_UNCLOSED = 16;

    /** In UTF-8, as characters that are bytes. A quote behind it opens a field. */
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

    private enum State {
        FIELD_START,
        PLAIN,
        QUOTED,
        QUOTE_IN_QUOTED
    }

    private final ByteWindow window;
    private final char delimiter;
    private final ReadOptions options;
    private long line = 1;
    private int unclosed;

    /**
     * One record, or what is wrong with it.
     *
     * @param line number of its first line, counted from 1
     * @param offset its first byte in the decompressed file
     */
    @SuppressWarnings("ArrayRecordComponent") // bytes on their way to a parser; nobody compares frames
    record Frame(long line, long offset, byte[] bytes, @Nullable String rejected) {}

    CsvRecords(InputStream in, char delimiter, ReadOptions options) {
        this.window = new ByteWindow(in);
        this.delimiter = delimiter;
        this.options = options;
    }

    /** Where the next record begins. */
    Place place(String source) {
        return new Place(source, line, window.offset());
    }

    /** The next record without its line end; null at the end. */
    @Nullable
    Frame next() throws IOException {
        if (window.offset() == 0 && window.startsWith(0, BYTE_ORDER_MARK)) {
            window.skip(BYTE_ORDER_MARK.length());
        }
        if (!window.has(1) || unclosed > MAX_UNCLOSED) {
            return null;
        }
        int length = 0;
        int lines = 0;
        State state = State.FIELD_START;
        while (length <= options.maxDocumentBytes() && (length < window.size() || window.has(length + 1))) {
            byte b = window.get(length++);
            lines += b == '\n' ? 1 : 0;
            if (b == '\n' && state != State.QUOTED) {
                return take(length, lines);
            }
            state = after(state, b);
        }
        return length <= options.maxDocumentBytes() && state != State.QUOTED ? take(length, lines) : rejected(state);
    }

    private State after(State state, byte b) {
        if (state == State.QUOTED) {
            return b == '"' ? State.QUOTE_IN_QUOTED : State.QUOTED;
        }
        if (b == delimiter) {
            return State.FIELD_START;
        }
        boolean opens = b == '"' && state != State.PLAIN;
        return opens ? State.QUOTED : b == '\r' && state == State.QUOTE_IN_QUOTED ? state : State.PLAIN;
    }

    private Frame take(int length, int lines) {
        int end = length;
        end -= end > 0 && window.get(end - 1) == '\n' ? 1 : 0;
        end -= end > 0 && window.get(end - 1) == '\r' ? 1 : 0;
        Frame frame = new Frame(line, window.offset(), window.copy(0, end), null);
        window.skip(length);
        line += lines;
        return frame;
    }

    /** Goes on with the next line. */
    private Frame rejected(State state) throws IOException {
        long offset = window.offset();
        long bytes = window.skipTo("\n", 0);
        if (window.has(1)) {
            window.skip(1);
        }
        unclosed += state == State.QUOTED ? 1 : 0;
        return new Frame(
                line++, offset, new byte[0], state == State.QUOTED ? unclosedQuote() : options.tooLarge(bytes));
    }

    private String unclosedQuote() {
        return "malformed CSV: a quote that opens in this record is not closed before the file ends or limits.document-bytes, which is "
                + options.maxDocumentBytes()
                + (unclosed > MAX_UNCLOSED
                        ? "; as there were " + MAX_UNCLOSED + " before, the rest of the file is given up"
                        : "");
    }

    @Override
    public void close() throws IOException {
        window.close();
    }
}
