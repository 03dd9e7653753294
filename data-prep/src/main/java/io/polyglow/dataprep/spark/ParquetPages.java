package io.polyglow.dataprep.spark;

import java.io.Closeable;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.schema.MessageType;

/** The pages of some columns of one row group, see {@link ColumnChunkPages}. Not thread-safe. */
final class ParquetPages implements PageReadStore, Closeable {
    private final long rows;
    private final Map<ColumnPath, ColumnChunkPages> chunks = new HashMap<>();

    ParquetPages(ParquetFile file, ParquetFile.RowGroup group, MessageType columns, ParquetCodecs codecs) {
        this.rows = group.rows();
        Map<ColumnPath, ColumnChunkMetaData> stored = new HashMap<>();
        group.meta().getColumns().forEach(chunk -> stored.put(chunk.getPath(), chunk));
        for (ColumnDescriptor column : columns.getColumns()) {
            ColumnPath path = ColumnPath.get(column.getPath());
            ColumnChunkMetaData chunk = stored.get(path);
            if (chunk == null) {
                close();
                throw new ParquetDecodingException("the row group has no column " + path.toDotString());
            }
            chunks.put(path, new ColumnChunkPages(file, column, chunk, codecs));
        }
    }

    @Override
    public PageReader getPageReader(ColumnDescriptor column) {
        return Objects.requireNonNull(chunks.get(ColumnPath.get(column.getPath())), "a column that was not asked for");
    }

    @Override
    public long getRowCount() {
        return rows;
    }

    @Override
    public void close() {
        chunks.values().forEach(ColumnChunkPages::close);
    }
}
