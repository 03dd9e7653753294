package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.agrona.collections.IntArrayList;

/**
 * Megatron's {@code .idx}, little-endian, one sequence a document:
 *
 * <pre>
 *   0  "MMIDIDX\0\0"        9 bytes
 *   9  version = 1          i64
 *  17  type code            i8    uint16 = 8, int32 = 4
 *  18  sequences S          i64
 *  26  boundaries S + 1     i64
 *  34  lengths in tokens    i32[S]
 *      offsets in .bin      i64[S]   bytes
 *      document boundaries  i64[S+1] 0, 1 ... S
 * </pre>
 */
final class MegatronIndex {
    private static final byte[] MAGIC = {'M', 'M', 'I', 'D', 'I', 'D', 'X', 0, 0};
    private static final long VERSION = 1;
    private static final int HEADER_BYTES = 34;

    private final String file;
    private final ByteBuffer index;
    private final TokenType type;
    private final int documents;

    /** Checks the whole file against what the manifest says; {@code index} is the file, little-endian. */
    MegatronIndex(String file, ByteBuffer index, ShardInfo shard) {
        this.file = file;
        this.index = index;
        type = shard.type();
        documents = (int) shard.documents();
        check(index.limit() == bytes(documents), 0, "length", index.limit(), bytes(documents));
        checkHeader();
        checkDocuments(shard.tokens());
    }

    /** Size of an index of so many documents. */
    static long bytes(long documents) {
        return HEADER_BYTES + 20 * documents + 8;
    }

    static void write(DigestingOutput out, TokenType type, IntArrayList lengths) throws IOException {
        int documents = lengths.size();
        out.write(MAGIC);
        out.writeLong(VERSION);
        out.writeByte(type.code());
        out.writeLong(documents);
        out.writeLong(documents + 1L);
        for (int d = 0; d < documents; d++) {
            out.writeInt(lengths.getInt(d));
        }
        long offset = 0;
        for (int d = 0; d < documents; d++) {
            out.writeLong(offset);
            offset += (long) lengths.getInt(d) * type.bytes();
        }
        for (int d = 0; d <= documents; d++) {
            out.writeLong(d);
        }
    }

    /** First token of a document; {@code document} may be the number of documents. */
    long start(int document) {
        if (document == 0) {
            return 0;
        }
        return offset(document - 1) / type.bytes() + length(document - 1);
    }

    private int length(int document) {
        return index.getInt(HEADER_BYTES + 4 * document);
    }

    private long offset(int document) {
        return index.getLong(HEADER_BYTES + 4 * documents + 8 * document);
    }

    private void checkHeader() {
        for (int i = 0; i < MAGIC.length; i++) {
            check(index.get(i) == MAGIC[i], i, "magic byte", index.get(i), MAGIC[i]);
        }
        check(index.getLong(9) == VERSION, 9, "version", index.getLong(9), VERSION);
        check(index.get(17) == type.code(), 17, "type code", index.get(17), type.code());
        check(index.getLong(18) == documents, 18, "number of documents", index.getLong(18), documents);
        check(index.getLong(26) == documents + 1L, 26, "number of boundaries", index.getLong(26), documents + 1L);
    }

    private void checkDocuments(long tokens) {
        int boundaries = HEADER_BYTES + 12 * documents;
        long next = 0;
        for (int d = 0; d < documents; d++) {
            check(length(d) >= 0, HEADER_BYTES + 4 * d, "length of document " + d, length(d), 0);
            check(offset(d) == next, HEADER_BYTES + 4 * documents + 8 * d, "offset of document " + d, offset(d), next);
            check(
                    index.getLong(boundaries + 8 * d) == d,
                    boundaries + 8 * d,
                    "boundary",
                    index.getLong(boundaries + 8 * d),
                    d);
            next += (long) length(d) * type.bytes();
        }
        int end = boundaries + 8 * documents;
        check(index.getLong(end) == documents, end, "last boundary", index.getLong(end), documents);
        check(next == tokens * type.bytes(), end, "sum of document lengths in bytes", next, tokens * type.bytes());
    }

    private void check(boolean fine, long at, String what, long found, long expected) {
        if (!fine) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    file + ", byte " + at + ": " + what + " is " + found + ", expected " + expected
                            + ". The index does not belong to its manifest; prepare the corpus again.");
        }
    }
}
