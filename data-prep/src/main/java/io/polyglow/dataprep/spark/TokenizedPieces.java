package io.polyglow.dataprep.spark;

import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import io.polyglow.dataprep.split.SplitPlan.Piece;
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

/** The token ids of documents, each ended by the end-of-text token, with the shard and place that they go to. */
final class TokenizedPieces implements Iterator<Row> {
    static final String SHARD = "shard";
    static final String KEY = "key";
    static final String ID = "id";
    static final StructType SCHEMA = new StructType()
            .add(SHARD, DataTypes.IntegerType, false)
            .add(KEY, DataTypes.LongType, false)
            .add(ID, DataTypes.StringType, false)
            .add("language", DataTypes.StringType, false)
            .add("text_bytes", DataTypes.LongType, false)
            .add("ids", DataTypes.BinaryType, false);

    private final Iterator<Row> documents;
    private final ByteLevelBpe tokenizer;
    private final SplitPlan split;
    private final ShardPlan plan;
    private final Queue<Row> ready = new ArrayDeque<>();
    private final IntArrayList ids = new IntArrayList();

    /** Takes rows of (id, language, text). */
    TokenizedPieces(Iterator<Row> documents, ByteLevelBpe tokenizer, SplitPlan split, ShardPlan plan) {
        this.documents = documents;
        this.tokenizer = tokenizer;
        this.split = split;
        this.plan = plan;
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && documents.hasNext()) {
            Row document = documents.next();
            String id = document.getString(0);
            for (Piece piece : split.pieces(id, document.getString(2))) {
                ready.add(row(id, document.getString(1), piece));
            }
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

    private Row row(String id, String language, Piece piece) {
        byte[] utf8 = piece.text().getBytes(StandardCharsets.UTF_8);
        ids.clear();
        tokenizer.encode(utf8, 0, utf8.length, ids);
        if (tokenizer.endOfTextId() >= 0) {
            ids.addInt(tokenizer.endOfTextId());
        }
        long key = plan.key(id);
        return RowFactory.create(plan.shard(piece.side(), key), key, id, language, (long) utf8.length, bytes(ids));
    }

    private static byte[] bytes(IntArrayList ids) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ids.size());
        for (int i = 0; i < ids.size(); i++) {
            bytes.putInt(ids.getInt(i));
        }
        return bytes.array();
    }
}
