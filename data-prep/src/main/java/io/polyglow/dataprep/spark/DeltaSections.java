package io.polyglow.dataprep.spark;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.apache.parquet.column.Encoding;

/**
 * Looks at the sections of delta-encoded integers in a page before parquet-mr does, which takes memory for as many values as a section says it has. The layout is that of
 * <a href="https://github.com/apache/parquet-format/blob/master/Encodings.md">Encodings.md</a> of parquet-format: block size, miniblocks per block, values, first value, then blocks of
 * a least delta, the bit width of each miniblock, and the miniblocks, of which the last block has only those with values.
 */
final class DeltaSections {
    /** Writers use 128; memory is taken by whole miniblocks. */
    private static final int MAX_BLOCK_VALUES = 1 << 16;

    private final ByteBuffer page;
    private final int maxValues;

    private DeltaSections(ByteBuffer page, int maxValues) {
        this.page = page;
        this.maxValues = maxValues;
    }

    /** Whether values of this encoding begin with such sections. */
    static boolean begin(Encoding encoding) {
        return encoding == Encoding.DELTA_BINARY_PACKED
                || encoding == Encoding.DELTA_LENGTH_BYTE_ARRAY
                || encoding == Encoding.DELTA_BYTE_ARRAY;
    }

    /**
     * Looks through what stands in front of a page's values.
     *
     * @param encoding one of those
     * @param data from behind the page's levels on; its position moves
     * @param values as many as the page has, nulls included
     * @throws IOException when a section has more values than the page, or does not end in it
     */
    static void check(Encoding encoding, ByteBuffer data, int values) throws IOException {
        DeltaSections sections = new DeltaSections(data, values);
        try {
            sections.pass();
            if (encoding == Encoding.DELTA_BYTE_ARRAY) {
                // the lengths of prefixes were that; those of suffixes follow
                sections.pass();
            }
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new IOException("a section of delta-encoded integers does not end in its page", e);
        }
    }

    private void pass() throws IOException {
        long block = varint();
        long miniblocks = varint();
        long values = varint();
        varint();
        if (block < 1 || block > MAX_BLOCK_VALUES || miniblocks < 1 || block % (8 * miniblocks) != 0) {
            throw new IOException("delta-encoded integers in blocks of " + block + " values and " + miniblocks
                    + " miniblocks; at most " + MAX_BLOCK_VALUES + " values are read");
        }
        if (values < 0 || values > maxValues) {
            throw new IOException(values + " delta-encoded integers in a page of " + maxValues + " values");
        }
        int miniblockValues = (int) (block / miniblocks);
        long left = values - 1;
        while (left > 0) {
            left = passBlock((int) miniblocks, miniblockValues, left);
        }
    }

    private long passBlock(int miniblocks, int miniblockValues, long values) {
        varint();
        int widths = page.position();
        page.position(widths + miniblocks);
        long left = values;
        for (int i = 0; i < miniblocks && left > 0; i++) {
            int width = page.get(widths + i) & 0xff;
            page.position(page.position() + width * (miniblockValues / 8));
            left -= miniblockValues;
        }
        return left;
    }

    /** An unsigned LEB128 of up to ten bytes. */
    private long varint() {
        long value = 0;
        int shift = 0;
        byte b;
        do {
            b = page.get();
            value |= (long) (b & 0x7f) << shift;
            shift += 7;
        } while (b < 0);
        return value;
    }
}
