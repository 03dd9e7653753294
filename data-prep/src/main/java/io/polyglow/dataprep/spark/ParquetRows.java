package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import java.io.Closeable;
import java.util.HashMap;
import java.util.Map;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/**
 * The mapped columns of one row group, row by row. A page is read when its first row is asked for, not sooner, so that what lies before a damaged page is not lost. Not thread-safe.
 */
final class ParquetRows implements Closeable {
    private final ParquetColumns columns;
    private final ParquetPages pages;
    private final ColumnReadStoreImpl store;
    private final Map<ParquetColumn, ColumnReader> readers = new HashMap<>();
    private boolean started;
    private long longestBytes;

    /**
     * One row.
     *
     * @param text null when it is null; valid until the next row
     * @param longestBytes of the row's strings
     */
    record Values(@Nullable Binary text, Metadata metadata, long longestBytes) {}

    ParquetRows(ParquetColumns columns, MessageType projection, ParquetPages pages, String createdBy) {
        this.columns = columns;
        this.pages = pages;
        // values are asked of the columns, so nothing goes to the converter; the store wants one
        this.store = new ColumnReadStoreImpl(
                pages, new GroupRecordConverter(projection).getRootConverter(), projection, createdBy);
    }

    /** The next row, which must be there. */
    Values next() {
        if (started) {
            readers.values().forEach(ColumnReader::consume);
        }
        started = true;
        longestBytes = 0;
        Binary text = columns.text == null ? null : binary(columns.text);
        Metadata metadata =
                new Metadata(string(columns.id), string(columns.url), string(columns.date), string(columns.language));
        return new Values(text, metadata, longestBytes);
    }

    private @Nullable Binary binary(ParquetColumn column) {
        ColumnReader reader = reader(column);
        if (column.isNull(reader)) {
            return null;
        }
        Binary value = reader.getBinary();
        longestBytes = Math.max(longestBytes, value.length());
        return value;
    }

    private @Nullable String string(@Nullable ParquetColumn column) {
        if (column == null) {
            return null;
        }
        if (column.isText()) {
            Binary value = binary(column);
            return value == null
                    ? null
                    : Decoded.utf8(value.getBytesUnsafe(), 0, value.length()).text();
        }
        ColumnReader reader = reader(column);
        return column.isNull(reader) ? null : column.string(reader);
    }

    private ColumnReader reader(ParquetColumn column) {
        return readers.computeIfAbsent(column, each -> {
            long values = pages.getPageReader(each.descriptor()).getTotalValueCount();
            if (values != pages.getRowCount()) {
                throw new ParquetDecodingException(
                        "column " + String.join(".", each.descriptor().getPath()) + " has " + values + " values in "
                                + pages.getRowCount() + " rows");
            }
            return store.getColumnReader(each.descriptor());
        });
    }

    @Override
    public void close() {
        pages.close();
    }
}
