package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * {@code NAME.docs}, little-endian: which documents stand in a shard, in its order.
 *
 * <pre>
 *   0  "PGLWDOCS"      8 bytes
 *   8  version = 1     i64
 *  16  rows of 20 bytes, one a document: high half of the id i64, low half i64, number of the copy i32
 * </pre>
 */
final class ShardDocuments {
    private static final byte[] MAGIC = "PGLWDOCS".getBytes(StandardCharsets.US_ASCII);
    private static final long VERSION = 1;
    private static final int HEADER_BYTES = MAGIC.length + Long.BYTES;
    private static final int ROW_BYTES = 2 * Long.BYTES + Integer.BYTES;

    private final ByteBuffer table;

    /** Checks length and header; {@code table} is the file {@code file}, little-endian. */
    ShardDocuments(String file, ByteBuffer table, long documents) {
        check(table.limit() == bytes(documents), file, table.limit() + " bytes instead of " + bytes(documents));
        check(table.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC)), file, "no table of documents");
        long version = table.getLong(MAGIC.length);
        check(version == VERSION, file, "version " + version + ", but this program reads version " + VERSION);
        this.table = table;
    }

    /** Size of the table of so many documents. */
    static long bytes(long documents) {
        return HEADER_BYTES + ROW_BYTES * documents;
    }

    static void writeHeader(DigestingOutput out) throws IOException {
        out.write(MAGIC);
        out.writeLong(VERSION);
    }

    static void writeRow(DigestingOutput out, DocumentId id, int copy) throws IOException {
        out.writeLong(id.high());
        out.writeLong(id.low());
        out.writeInt(copy);
    }

    DocumentId id(int document) {
        int at = HEADER_BYTES + ROW_BYTES * document;
        return new DocumentId(table.getLong(at), table.getLong(at + Long.BYTES));
    }

    int copy(int document) {
        return table.getInt(HEADER_BYTES + ROW_BYTES * document + 2 * Long.BYTES);
    }

    private static void check(boolean fine, String file, String what) {
        if (!fine) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    file + ": " + what + ". It does not belong to its manifest; prepare the corpus again.");
        }
    }
}
