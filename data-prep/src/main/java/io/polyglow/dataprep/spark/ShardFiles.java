package io.polyglow.dataprep.spark;

import io.polyglow.common.store.Store;
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

/** Writes the rows of one partition, sorted by shard and place (see {@link TokenizedPieces}), as whole shards. */
final class ShardFiles {
    private final Store store;
    private final String folder;
    private final TokenType type;
    private final ShardPlan plan;
    private final List<Row> written = new ArrayList<>();
    private int shard = -1;
    private @Nullable TokenShardWriter writer;

    private ShardFiles(Store store, String folder, TokenType type, ShardPlan plan) {
        this.store = store;
        this.folder = folder;
        this.type = type;
        this.plan = plan;
    }

    /** Rows of (folder, {@code ShardInfo} as a line), one per shard. */
    static List<Row> write(Iterator<Row> pieces, Store store, String folder, TokenType type, ShardPlan plan)
            throws IOException {
        ShardFiles files = new ShardFiles(store, folder, type, plan);
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
        writer(piece.getAs(TokenizedPieces.SHARD)).append(TokenizedPieces.entry(piece), ids, 0, ids.length);
    }

    private TokenShardWriter writer(int next) throws IOException {
        if (writer == null || shard != next) {
            finish();
            shard = next;
            writer = TokenShardWriter.create(store, folder, plan.name(next), type);
        }
        return writer;
    }

    private void finish() throws IOException {
        if (writer != null) {
            written.add(RowFactory.create(folder, writer.finish().line()));
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
