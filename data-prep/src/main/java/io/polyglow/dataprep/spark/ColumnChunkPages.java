package io.polyglow.dataprep.spark;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.Util;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.io.ParquetDecodingException;
import org.jspecify.annotations.Nullable;

/**
 * The pages of one column in one row group, read and decompressed one at a time (parquet-mr reads the whole chunk): memory is the dictionary and one page, and a page larger than
 * {@link #MAX_PAGE_BYTES} is refused by its header. Check sums are compared where the writer left some. Not thread-safe.
 */
final class ColumnChunkPages implements PageReader, Closeable {
    /** Writers end a page near 1 MiB, but look only after many rows: a thousand texts of 100 KB may be one page. */
    static final int MAX_PAGE_BYTES = 256 << 20;

    /** Of a dictionary: parquet-mr makes an object of each. Writers end a dictionary near 1 MiB. */
    static final int MAX_DICTIONARY_VALUES = 4 << 20;

    private final ColumnDescriptor column;
    private final ColumnChunkMetaData chunk;
    private final ParquetCodecs codecs;
    private final ParquetMetadataConverter converter = new ParquetMetadataConverter();
    private final InputStream in;
    private @Nullable PageHeader ahead;
    private long values;

    ColumnChunkPages(ParquetFile file, ColumnDescriptor column, ColumnChunkMetaData chunk, ParquetCodecs codecs) {
        this.column = column;
        this.chunk = chunk;
        this.codecs = codecs;
        this.in = new BufferedInputStream(
                new Part(file.stored(chunk.getStartingPos(), chunk.getTotalSize()), chunk.getTotalSize()));
    }

    @Override
    public long getTotalValueCount() {
        return chunk.getValueCount();
    }

    /** Null when the column has none. */
    @Override
    public @Nullable DictionaryPage readDictionaryPage() {
        try {
            PageHeader header = header();
            if (header.getType() != PageType.DICTIONARY_PAGE) {
                ahead = header;
                return null;
            }
            int entries = header.getDictionary_page_header().getNum_values();
            if (entries < 0 || entries > MAX_DICTIONARY_VALUES) {
                throw new IOException(
                        "a dictionary of " + entries + " values; at most " + MAX_DICTIONARY_VALUES + " are read");
            }
            byte[] page = decompress(body(header), 0, header.getUncompressed_page_size());
            return new DictionaryPage(
                    BytesInput.from(page),
                    entries,
                    converter.getEncoding(header.getDictionary_page_header().getEncoding()));
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    /** Null after the last. */
    @Override
    public @Nullable DataPage readPage() {
        try {
            while (values < chunk.getValueCount()) {
                PageHeader header = ahead == null ? header() : ahead;
                ahead = null;
                byte[] body = body(header);
                if (header.getType() == PageType.DATA_PAGE) {
                    return page(header.getData_page_header(), body, header.getUncompressed_page_size());
                }
                if (header.getType() == PageType.DATA_PAGE_V2) {
                    return page(header.getData_page_header_v2(), body, header.getUncompressed_page_size());
                }
            }
            return null;
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private PageHeader header() throws IOException {
        PageHeader header = Util.readPageHeader(in);
        require(header.getUncompressed_page_size(), "decompressed");
        require(header.getCompressed_page_size(), "stored");
        return header;
    }

    private void require(int size, String what) {
        if (size < 0 || size > MAX_PAGE_BYTES) {
            throw new ParquetDecodingException("column " + chunk.getPath().toDotString() + ": a page of " + size
                    + " bytes " + what + "; at most " + MAX_PAGE_BYTES + " are read");
        }
    }

    private byte[] body(PageHeader header) throws IOException {
        byte[] body = in.readNBytes(header.getCompressed_page_size());
        if (body.length < header.getCompressed_page_size()) {
            throw new IOException("the column ends inside a page");
        }
        CRC32 crc = new CRC32();
        crc.update(body);
        if (header.isSetCrc() && header.getCrc() != (int) crc.getValue()) {
            throw new IOException("the check sum of a page differs");
        }
        return body;
    }

    private DataPage page(DataPageHeader header, byte[] body, int size) throws IOException {
        count(header.getNum_values());
        byte[] data = decompress(body, 0, size);
        Encoding encoding = encoding(header.getEncoding());
        if (DeltaSections.begin(encoding)) {
            DeltaSections.check(encoding, behindLevels(data), header.getNum_values());
        }
        return new DataPageV1(
                BytesInput.from(data),
                header.getNum_values(),
                size,
                null,
                encoding(header.getRepetition_level_encoding()),
                encoding(header.getDefinition_level_encoding()),
                encoding);
    }

    private DataPage page(DataPageHeaderV2 header, byte[] body, int size) throws IOException {
        count(header.getNum_values());
        int repetitions = header.getRepetition_levels_byte_length();
        int definitions = header.getDefinition_levels_byte_length();
        long levels = (long) repetitions + definitions;
        if (repetitions < 0 || definitions < 0 || levels > Math.min(body.length, size)) {
            throw new IOException(
                    "levels of " + repetitions + " and " + definitions + " bytes in a page of " + body.length);
        }
        int values = (int) levels;
        byte[] data = header.isIs_compressed()
                ? decompress(body, values, size - values)
                : Arrays.copyOfRange(body, values, body.length);
        Encoding encoding = encoding(header.getEncoding());
        if (DeltaSections.begin(encoding)) {
            DeltaSections.check(encoding, ByteBuffer.wrap(data), header.getNum_values());
        }
        return DataPageV2.uncompressed(
                header.getNum_rows(),
                header.getNum_nulls(),
                header.getNum_values(),
                BytesInput.from(body, 0, repetitions),
                BytesInput.from(body, repetitions, definitions),
                encoding,
                BytesInput.from(data),
                null);
    }

    /** Levels that are run-length encoded, as wherever values are delta-encoded, have their length in front. */
    private ByteBuffer behindLevels(byte[] page) throws IOException {
        ByteBuffer data = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        for (int levels : new int[] {column.getMaxRepetitionLevel(), column.getMaxDefinitionLevel()}) {
            int bytes = levels == 0 || data.remaining() < Integer.BYTES ? 0 : data.getInt();
            if (bytes < 0 || bytes > data.remaining()) {
                throw new IOException("levels of " + bytes + " bytes in a page of " + page.length);
            }
            data.position(data.position() + bytes);
        }
        return data;
    }

    private void count(int more) throws IOException {
        if (more < 0 || more > chunk.getValueCount() - values) {
            throw new IOException(
                    "a page of " + more + " values, where " + (chunk.getValueCount() - values) + " are left");
        }
        values += more;
    }

    private byte[] decompress(byte[] body, int from, int size) throws IOException {
        return codecs.decompress(chunk.getCodec(), body, from, size);
    }

    private Encoding encoding(org.apache.parquet.format.Encoding encoding) {
        return converter.getEncoding(encoding);
    }

    private ParquetDecodingException damaged(IOException e) {
        return new ParquetDecodingException("column " + chunk.getPath().toDotString() + ": " + e.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The first bytes of a stream, as if it ended there. */
    private static final class Part extends FilterInputStream {
        private long left;

        Part(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            int b = left <= 0 ? -1 : in.read();
            left -= b < 0 ? 0 : 1;
            return b;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = left <= 0 ? -1 : in.read(into, offset, (int) Math.min(length, left));
            left -= Math.max(0, n);
            return n;
        }
    }
}
