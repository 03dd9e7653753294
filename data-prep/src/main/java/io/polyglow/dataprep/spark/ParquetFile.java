package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.read.StoredBytes;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.schema.MessageType;
import shaded.parquet.org.apache.thrift.TException;
import shaded.parquet.org.apache.thrift.protocol.TCompactProtocol;
import shaded.parquet.org.apache.thrift.transport.TIOStreamTransport;

/**
 * A Parquet file of any origin: its footer, and readers of its row groups a page at a time. Spark's own reader ends the job at a damaged page and reads all files by the schema of
 * one. Here a {@link UncheckedIOException} is a fault of the storage, which a retry may cure; every other {@link RuntimeException}, parquet-mr's among them, is one of the file.
 */
final class ParquetFile {
    private static final int MAX_FOOTER_BYTES = 64 << 20;
    private static final int TAIL_BYTES = 8;
    private static final String MAGIC = "PAR1";

    private final String uri;
    private final Configuration conf;
    private final long bytes;
    private final ParquetMetadata footer;

    /**
     * Rows that are stored together.
     *
     * @param index of the group in its file
     * @param firstRow index of its first row in the file
     */
    record RowGroup(int index, long firstRow, BlockMetaData meta) {
        long rows() {
            return meta.getRowCount();
        }
    }

    /**
     * Reads the footer.
     *
     * @throws FileNotFoundException when there is no such file
     * @throws RuntimeException when it is damaged, see above
     */
    ParquetFile(String uri, Configuration conf) throws FileNotFoundException {
        this.uri = uri;
        this.conf = conf;
        this.bytes = length();
        this.footer = footer();
    }

    private long length() throws FileNotFoundException {
        Path path = new Path(uri);
        try {
            return Locations.fileSystem(path, conf).getFileStatus(path).getLen();
        } catch (FileNotFoundException e) {
            throw SharedFolders.missing(path, e);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private ParquetMetadata footer() {
        if (bytes < TAIL_BYTES) {
            throw new ParquetDecodingException("no footer in " + bytes + " bytes");
        }
        ByteBuffer tail = ByteBuffer.wrap(read(bytes - TAIL_BYTES, TAIL_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int length = tail.getInt();
        if (!MAGIC.equals(new String(tail.array(), 4, 4, StandardCharsets.ISO_8859_1))) {
            throw new ParquetDecodingException("no footer: the file does not end in " + MAGIC);
        }
        if (length < 0 || length > Math.min(MAX_FOOTER_BYTES, bytes - TAIL_BYTES)) {
            throw new ParquetDecodingException("the footer's length is " + length + ", in a file of " + bytes
                    + " bytes; at most " + MAX_FOOTER_BYTES + " are read");
        }
        InputStream stored = new ByteArrayInputStream(read(bytes - TAIL_BYTES - length, length));
        try {
            FileMetaData metadata = new FileMetaData();
            // what parquet-mr does, but it takes memory for lists of any size that the footer names
            metadata.read(new TCompactProtocol(new TIOStreamTransport(stored), length, length));
            return new ParquetMetadataConverter().fromParquetMetadata(metadata);
        } catch (TException | IOException e) {
            throw new ParquetDecodingException("the footer cannot be read: " + e.getMessage(), e);
        }
    }

    private byte[] read(long offset, int length) {
        try (InputStream in = stored(offset)) {
            return in.readNBytes(length);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    MessageType schema() {
        return footer.getFileMetaData().getSchema();
    }

    String createdBy() {
        return footer.getFileMetaData().getCreatedBy();
    }

    List<RowGroup> rowGroups() {
        List<RowGroup> groups = new ArrayList<>();
        long row = 0;
        for (BlockMetaData meta : footer.getBlocks()) {
            if (meta.getRowCount() < 0) {
                throw new ParquetDecodingException(
                        "row group " + groups.size() + " has " + meta.getRowCount() + " rows");
            }
            groups.add(new RowGroup(groups.size(), row, meta));
            row = Math.addExact(row, meta.getRowCount());
        }
        return groups;
    }

    /** Those row groups that begin in {@code [start, end)}; when {@code start} is 0 also those that begin nowhere in the file, so that somebody says so. */
    List<RowGroup> rowGroups(long start, long end) {
        return rowGroups().stream()
                .filter(group -> {
                    long at = group.meta().getColumns().isEmpty()
                            ? 0
                            : group.meta().getStartingPos();
                    return start == 0 ? at < end || at >= bytes : at >= start && at < end;
                })
                .toList();
    }

    /** The pages of {@code columns}, a part of the schema, in one row group. */
    ParquetPages pages(RowGroup group, MessageType columns, ParquetCodecs codecs) {
        return new ParquetPages(this, group, columns, codecs);
    }

    /** The bytes of the file from {@code offset} on, which must lie within {@code length} of its end. */
    InputStream stored(long offset, long length) {
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new ParquetDecodingException(
                    "the footer places a column at bytes " + offset + " + " + length + " of " + bytes);
        }
        return stored(offset);
    }

    private InputStream stored(long offset) {
        try {
            return new StoredBytes(uri, Locations.open(uri, offset, conf));
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private UncheckedIOException unreadable(IOException e) {
        return new UncheckedIOException("cannot read " + uri + ": " + e.getMessage(), e);
    }
}
