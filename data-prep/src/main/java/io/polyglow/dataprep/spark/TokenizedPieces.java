package io.polyglow.dataprep.spark;

import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.dataprep.mix.Copies;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import io.polyglow.dataprep.split.SplitPlan.Piece;
import io.polyglow.dataprep.split.SplitPlan.Side;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.agrona.collections.IntArrayList;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The token ids of documents, each ended by the end-of-text token, with the shard and place that they go to. What trains stands there as often as the mix
 * says, each copy in a place of its own; what validates stands there once.
 */
final class TokenizedPieces implements Iterator<Row> {
    static final String SHARD = "shard";
    static final String KEY = "key";
    static final String ID = "id";
    static final String COPY = "copy";
    static final String IDS = "ids";
    static final StructType SCHEMA = new StructType()
            .add(SHARD, DataTypes.IntegerType, false)
            .add(KEY, DataTypes.LongType, false)
            .add(ID, DataTypes.StringType, false)
            .add(COPY, DataTypes.IntegerType, false)
            .add("language", DataTypes.StringType, false)
            .add("text_bytes", DataTypes.LongType, false)
            .add(IDS, DataTypes.BinaryType, false);

    private final Iterator<Row> documents;
    private final Tokenizer tokenizer;
    private final SplitPlan split;
    private final ShardPlan plan;
    private final Copies copies;
    private final Queue<Row> ready = new ArrayDeque<>();
    private final IntArrayList ids = new IntArrayList();

    /** Takes rows of (id, language, source, size of the cluster of near-duplicates, text). */
    TokenizedPieces(Iterator<Row> documents, Tokenizer tokenizer, SplitPlan split, ShardPlan plan, Copies copies) {
        this.documents = documents;
        this.tokenizer = tokenizer;
        this.split = split;
        this.plan = plan;
        this.copies = copies;
    }

    /** What a row says of its document. */
    static ShardEntry entry(Row piece) {
        return new ShardEntry(
                DocumentId.parse(piece.getString(2)), piece.getInt(3), piece.getString(4), piece.getLong(5));
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && documents.hasNext()) {
            add(documents.next());
        }
        return !ready.isEmpty();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.remove();
    }

    private void add(Row document) {
        String id = document.getString(0);
        String language = document.getString(1);
        int wanted = copies.of(id, language, document.getString(2), document.getLong(3));
        for (Piece piece : split.pieces(id, document.getString(4))) {
            int times = piece.side() == Side.TRAIN ? wanted : 1;
            if (times > 0) {
                add(id, language, piece, times);
            }
        }
    }

    private void add(String id, String language, Piece piece, int times) {
        byte[] utf8 = piece.text().getBytes(StandardCharsets.UTF_8);
        ids.clear();
        tokenizer.encode(utf8, 0, utf8.length, ids);
        if (tokenizer.endOfTextId() >= 0) {
            ids.addInt(tokenizer.endOfTextId());
        }
        byte[] bytes = bytes(ids);
        for (int copy = 0; copy < times; copy++) {
            long key = plan.key(id, copy);
            ready.add(RowFactory.create(
                    plan.shard(piece.side(), key), key, id, copy, language, (long) utf8.length, bytes));
        }
    }

    private static byte[] bytes(IntArrayList ids) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ids.size());
        for (int i = 0; i < ids.size(); i++) {
            bytes.putInt(ids.getInt(i));
        }
        return bytes.array();
    }
}
