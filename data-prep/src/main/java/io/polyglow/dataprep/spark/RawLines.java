package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.read.LineReader;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/** The lines of a slice as they stand in the file, endings included; in UTF-8 when the file is in another charset. */
final class RawLines implements Iterator<byte[]> {
    /** A line is held as a whole, since pre-tokens do not span lines. */
    private static final int MAX_LINE_BYTES = 1 << 28;

    private final InputSlice slice;
    private final LineReader reader;
    private final long sliceBytes;
    private final Charset charset;
    private boolean ready;
    private boolean ended;

    RawLines(InputSlice slice, Configuration conf) {
        this.slice = slice;
        try {
            InputSlice.Lines lines = slice.lines(conf);
            this.reader = new LineReader(lines.in(), MAX_LINE_BYTES);
            this.sliceBytes = lines.bytes();
            this.charset = lines.charset();
        } catch (IOException e) {
            throw slice.unreadable(e);
        }
    }

    @Override
    public boolean hasNext() {
        if (!ready && !ended) {
            ready = advance();
            ended = !ready;
        }
        return ready;
    }

    @Override
    public byte[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        ready = false;
        return charset.equals(StandardCharsets.UTF_8)
                ? Arrays.copyOf(reader.bytes(), reader.lengthWithEnding())
                : Decoded.of(charset, reader.bytes(), 0, reader.lengthWithEnding())
                        .text()
                        .getBytes(StandardCharsets.UTF_8);
    }

    private boolean advance() {
        try {
            if (reader.consumed() >= sliceBytes || !reader.next()) {
                reader.close();
                return false;
            }
        } catch (IOException e) {
            throw slice.unreadable(e);
        }
        if (reader.isTooLong()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "A line of " + slice.file().path() + " has " + reader.lineBytes()
                            + " bytes; a tokenizer is trained on lines of at most " + MAX_LINE_BYTES
                            + ". Break the line.");
        }
        return true;
    }
}
