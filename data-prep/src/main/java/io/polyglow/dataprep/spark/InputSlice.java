package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.EncodedStream;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.LineSlice;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.read.Readers;
import io.polyglow.dataprep.read.StoredBytes;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * What one task reads of one file: all of it, or the lines, or row groups, that start in {@code [start, end)}.
 *
 * @param firstLine number of the first such line
 */
record InputSlice(InputFile file, long start, long end, long firstLine) implements Serializable {
    /** Why a file is rejected that can no longer be found. */
    static final String VANISHED = "vanished: the file was there when the input was listed";

    /** A stream that stands at a line, where that is in the file, how many of its bytes lines of the slice may start in, and what they are decoded by. */
    record Lines(InputStream in, long offset, long bytes, Charset charset) {}

    /** The slices of a file, none longer than {@code sliceBytes} where the format allows; line numbers are not known yet. */
    static Stream<InputSlice> of(InputFile file, long sliceBytes) {
        if (!file.isSplittable() || file.bytes() <= sliceBytes) {
            return Stream.of(new InputSlice(file, 0, file.bytes(), 1));
        }
        return LongStream.iterate(0, start -> start < file.bytes(), start -> start + sliceBytes)
                .mapToObj(start -> new InputSlice(file, start, Math.min(file.bytes(), start + sliceBytes), 1));
    }

    InputSlice withFirstLine(long line) {
        return new InputSlice(file, start, end, line);
    }

    boolean isWholeFile() {
        return start == 0 && end == file.bytes();
    }

    /** Whether its documents are named by numbers of lines that must be counted first. */
    boolean needsFirstLine() {
        return !isWholeFile() && file.format().isLines();
    }

    /** Number of lines that start in this slice; 0 when the file has vanished, which its reader tells. */
    long countLines(Configuration conf) {
        LineSlice lines = new LineSlice(start, end);
        try (InputStream in = Locations.open(file.path(), lines.seek(), conf)) {
            return lines.countLines(in);
        } catch (FileNotFoundException e) {
            return 0;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** The documents of this slice, read as they are asked for. */
    Iterator<RawDocument> documents(ReadOptions options, Configuration conf) {
        if (file.format() == Format.PARQUET) {
            return ParquetDocuments.read(this, options, conf);
        }
        try {
            if (isWholeFile()) {
                return Readers.readFile(file.format(), file.compression(), file.source(), stored(0, conf), options);
            }
            Lines lines = lines(conf);
            Place first = new Place(file.source(), firstLine, lines.offset());
            return Readers.readLines(file.format(), lines.charset(), first, lines.in(), lines.bytes(), options);
        } catch (FileNotFoundException e) {
            Place place = new Place(file.source(), isWholeFile() ? 0 : firstLine, start);
            // when no lines could be counted, the first slice speaks for all
            return start > 0 && firstLine == 1
                    ? Collections.emptyIterator()
                    : List.of(RawDocument.rejected(place, VANISHED)).iterator();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private InputStream stored(long offset, Configuration conf) throws IOException {
        return new StoredBytes(file.path(), Locations.open(file.path(), offset, conf));
    }

    /**
     * The decompressed lines of this slice; of a whole-file format, its bytes. Where line ends cannot be found from within a file, as in UTF-16, the first slice has all of its lines.
     */
    Lines lines(Configuration conf) throws IOException {
        EncodedStream fromStart = fromStart(conf);
        if (isWholeFile() || (start == 0 && !fromStart.isCuttable())) {
            return new Lines(fromStart.in(), 0, Long.MAX_VALUE, fromStart.charset());
        }
        fromStart.in().close();
        return fromStart.isCuttable()
                ? cut(fromStart.charset(), conf)
                : new Lines(InputStream.nullInputStream(), end, 0, fromStart.charset());
    }

    private Lines cut(Charset charset, Configuration conf) throws IOException {
        LineSlice slice = new LineSlice(start, end);
        InputStream in = new BufferedInputStream(stored(slice.seek(), conf));
        long left = slice.align(in);
        return new Lines(in, end - left, left, charset);
    }

    private EncodedStream fromStart(Configuration conf) throws IOException {
        InputStream raw = stored(0, conf);
        try {
            return EncodedStream.of(file.format(), file.compression().open(raw));
        } catch (IOException e) {
            raw.close();
            throw e;
        }
    }

    UncheckedIOException unreadable(IOException e) {
        return new UncheckedIOException("cannot read " + file.path() + ": " + e.getMessage(), e);
    }
}
