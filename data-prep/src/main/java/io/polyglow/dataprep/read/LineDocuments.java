package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** One document per line, read as it is asked for. A damaged file ends in one rejected document at the line where it broke. */
final class LineDocuments implements Iterator<RawDocument> {
    private final LineReader lines;
    private final String source;
    private final long sliceBytes;
    private final LineParser parser;
    private final ReadOptions options;
    private long line;
    private boolean ended;
    private @Nullable RawDocument next;

    LineDocuments(
            LineReader lines, String source, long firstLine, long sliceBytes, LineParser parser, ReadOptions options) {
        this.lines = lines;
        this.source = source;
        this.sliceBytes = sliceBytes;
        this.parser = parser;
        this.options = options;
        this.line = firstLine - 1;
    }

    @Override
    public boolean hasNext() {
        while (next == null && !ended) {
            next = advance();
        }
        return next != null;
    }

    @Override
    public RawDocument next() {
        RawDocument result = hasNext() ? next : null;
        if (result == null) {
            throw new NoSuchElementException();
        }
        next = null;
        return result;
    }

    /** The next document; null for a blank line and at the end. */
    private @Nullable RawDocument advance() {
        try {
            line++;
            if (lines.consumed() >= sliceBytes || !lines.next()) {
                return end(null);
            }
        } catch (IOException e) {
            return end(e);
        }
        if (lines.isTooLong()) {
            return RawDocument.rejected(source, line, options.tooLarge(lines.lineBytes()));
        }
        return isBlank() ? null : parser.parse(line, lines.bytes(), lines.length());
    }

    private boolean isBlank() {
        byte[] bytes = lines.bytes();
        for (int i = 0; i < lines.length(); i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private @Nullable RawDocument end(@Nullable IOException failure) {
        ended = true;
        try {
            lines.close();
            return failure == null ? null : RawDocument.rejected(source, line, Readers.damaged(failure));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + RawDocument.location(source, line), e);
        }
    }
}
