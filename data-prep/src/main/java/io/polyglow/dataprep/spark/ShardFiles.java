package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.dataprep.split.ShardPlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/** Writes the rows of one partition, sorted by shard and place (see {@link TokenizedPieces}), as whole shards; one that is full goes on in a further part. */
final class ShardFiles {
    private final Store store;
    private final String folder;
    private final TokenType type;
    private final ShardPlan plan;
    private final int maxBytes;
    private final List<Row> written = new ArrayList<>();
    private int shard = -1;
    private int part;
    private int documents;
    private @Nullable TokenShardWriter writer;

    private ShardFiles(Store store, String folder, TokenType type, ShardPlan plan, int maxBytes) {
        this.store = store;
        this.folder = folder;
        this.type = type;
        this.plan = plan;
        this.maxBytes = maxBytes;
    }

    /** Rows of (number of the shard in the plan, its part, folder, {@code ShardInfo} as a line), one for each part of at most {@code maxBytes} of tokens. */
    static List<Row> write(
            Iterator<Row> pieces, Store store, String folder, TokenType type, ShardPlan plan, int maxBytes)
            throws IOException {
        ShardFiles files = new ShardFiles(store, folder, type, plan, maxBytes);
        try {
            while (pieces.hasNext()) {
                files.append(pieces.next());
            }
            files.finish();
            return files.written;
        } finally {
            files.close();
        }
    }

    private void append(Row piece) throws IOException {
        int[] ids = ids(piece.getAs(TokenizedPieces.IDS));
        ShardEntry entry = TokenizedPieces.entry(piece);
        writer(piece.getAs(TokenizedPieces.SHARD), (long) ids.length * type.bytes(), entry)
                .append(entry, ids, 0, ids.length);
        documents++;
    }

    private TokenShardWriter writer(int next, long bytes, ShardEntry entry) throws IOException {
        if (bytes > maxBytes) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The document " + entry.id() + " of " + entry.textBytes() + " bytes becomes " + bytes
                            + " bytes of tokens, more than a shard may hold, " + maxBytes
                            + ". Lower limits.document-bytes, which rejects such documents.");
        }
        boolean full =
                writer != null && (writer.bytes() + bytes > maxBytes || documents == TokenShardWriter.MAX_DOCUMENTS);
        if (writer == null || shard != next || full) {
            finish();
            part = shard == next ? part + 1 : 0;
            shard = next;
            documents = 0;
            writer = TokenShardWriter.create(store, folder(), plan.name(next), type);
        }
        return writer;
    }

    private String folder() {
        return folder + "/" + part;
    }

    private void finish() throws IOException {
        if (writer != null) {
            written.add(RowFactory.create(shard, part, folder(), writer.finish().line()));
            writer = null;
        }
    }

    private void close() {
        if (writer != null) {
            writer.close();
        }
    }

    private static int[] ids(byte[] bytes) {
        int[] ids = new int[bytes.length / Integer.BYTES];
        ByteBuffer.wrap(bytes).asIntBuffer().get(ids);
        return ids;
    }
}
