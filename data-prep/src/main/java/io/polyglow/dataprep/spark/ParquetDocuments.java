package io.polyglow.dataprep.spark;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.FileNotFoundException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/**
 * The rows of the row groups that begin in a slice of a Parquet file, as documents. A file without a footer or without a column for the text is one rejected document; a damaged page
 * is one too, with all rows behind it in its row group; other row groups are read on. Not thread-safe.
 */
final class ParquetDocuments implements Iterator<RawDocument> {
    private final String source;
    private final ReadOptions options;
    private final ParquetFile file;
    private final ParquetColumns columns;
    private final ParquetCodecs codecs;
    private final Iterator<ParquetFile.RowGroup> groups;
    private @Nullable ParquetRows rows;
    private ParquetFile.@Nullable RowGroup group;

    /** Index in the file of the row that is read next, and of the first behind its row group. */
    private long row;

    private long end;

    private ParquetDocuments(
            InputSlice slice, ParquetFile file, ParquetColumns columns, ReadOptions options, Configuration conf) {
        this.source = slice.file().source();
        this.options = options;
        this.file = file;
        this.columns = columns;
        this.codecs = new ParquetCodecs(conf);
        this.groups = file.rowGroups(slice.start(), slice.end()).iterator();
    }

    /** What is wrong with a file as a whole is said by the slice at its start. */
    static Iterator<RawDocument> read(InputSlice slice, ReadOptions options, Configuration conf) {
        String wrong;
        try {
            ParquetFile file = new ParquetFile(slice.file().path(), conf);
            ParquetColumns columns = new ParquetColumns(file.schema(), options);
            wrong = columns.missing();
            if (wrong == null) {
                return new ParquetDocuments(slice, file, columns, options, conf);
            }
        } catch (FileNotFoundException e) {
            wrong = InputSlice.VANISHED;
        } catch (UncheckedIOException | PolyglowException e) {
            throw e;
        } catch (RuntimeException e) {
            wrong = "damaged: " + e.getMessage();
        }
        return slice.start() > 0
                ? Collections.emptyIterator()
                : List.of(RawDocument.rejected(Place.ofFile(slice.file().source()), wrong))
                        .iterator();
    }

    @Override
    public boolean hasNext() {
        while (row == end && groups.hasNext()) {
            group = groups.next();
            row = group.firstRow();
            end = row + group.rows();
        }
        return row < end;
    }

    @Override
    public RawDocument next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Place place = new Place(source, row + 1, row);
        ParquetRows.Values values;
        try {
            values = nextValues();
        } catch (UncheckedIOException e) {
            throw e;
        } catch (RuntimeException e) {
            // what a parser of hostile bytes throws is the fault of the file
            return rest(place, e);
        }
        row++;
        if (row == end) {
            closeRows();
        }
        return document(place, values);
    }

    private ParquetRows.Values nextValues() {
        ParquetRows current = rows;
        if (current == null) {
            current = columns.rows(file, Objects.requireNonNull(group), codecs);
            rows = current;
        }
        return current.next();
    }

    private RawDocument document(Place place, ParquetRows.Values values) {
        Binary text = values.text();
        if (text == null) {
            return RawDocument.rejected(place, "no text: column \"" + options.textColumn() + "\" is null");
        }
        if (values.longestBytes() > options.maxDocumentBytes()) {
            return RawDocument.rejected(place, options.tooLarge(values.longestBytes()));
        }
        byte[] utf8 = text.getBytesUnsafe();
        return RawDocument.of(
                place, values.metadata(), Decoded.utf8(utf8, 0, utf8.length).withoutMojibake());
    }

    /** Gives up the row group from {@code place} on. */
    private RawDocument rest(Place place, RuntimeException e) {
        long last = end;
        row = end;
        closeRows();
        int index = Objects.requireNonNull(group).index();
        return RawDocument.rejected(
                place,
                "damaged: rows " + place.position() + " to " + last + ", the rest of row group " + index
                        + ", cannot be read: " + e.getMessage());
    }

    private void closeRows() {
        if (rows != null) {
            rows.close();
            rows = null;
        }
    }
}
