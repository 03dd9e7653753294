package io.polyglow.dataprep.spark;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TokenizerJson;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Tokenizes kept documents and writes token shards. One shuffle brings every document to its shard and its place in it, so the bytes depend
 * on the documents and the seed alone. Each task attempt writes into a folder of its own, and only the shards of the attempts that
 * succeeded are moved to their place: retries and speculation leave no trace.
 */
final class ShardJob {
    private static final String ATTEMPTS = "attempts";

    private final SparkSession spark;
    private final ByteLevelBpe tokenizer;
    private final SplitPlan split;
    private final ShardPlan plan;

    ShardJob(SparkSession spark, ByteLevelBpe tokenizer, SplitPlan split, ShardPlan plan) {
        this.spark = spark;
        this.tokenizer = tokenizer;
        this.split = split;
        this.plan = plan;
    }

    /** Writes the shards of {@code documents} (see {@link DocumentTable}; kept ones only) into the output's staging directory. */
    List<ShardInfo> run(Dataset<Row> documents, OutputDirectory output) throws IOException {
        String attempts = output.staging() + "/" + ATTEMPTS;
        List<ShardInfo> shards = new ArrayList<>();
        for (Row row : write(tokenize(documents), output.parent(), attempts).collect()) {
            ShardInfo shard = ShardInfo.parse(row.getString(1));
            move(output.store(), row.getString(0), output.staging(), shard.name());
            shards.add(shard);
        }
        output.store().delete(attempts);
        return shards;
    }

    private Dataset<Row> tokenize(Dataset<Row> documents) {
        byte[] json = tokenizer.json();
        SplitPlan splitPlan = split;
        ShardPlan shardPlan = plan;
        JavaRDD<Row> pieces = documents
                .select(DocumentTable.ID, DocumentTable.LANGUAGE, DocumentTable.TEXT)
                .javaRDD()
                .mapPartitions(rows -> new TokenizedPieces(rows, tokenizer(json), splitPlan, shardPlan));
        return spark.createDataFrame(pieces, TokenizedPieces.SCHEMA)
                .repartition(plan.shards(), functions.col(TokenizedPieces.SHARD))
                .sortWithinPartitions(TokenizedPieces.SHARD, TokenizedPieces.KEY, TokenizedPieces.ID);
    }

    private JavaRDD<Row> write(Dataset<Row> pieces, String parent, String attempts) {
        ShardPlan shardPlan = plan;
        TokenType type = TokenType.forVocabulary(tokenizer.vocabSize());
        return pieces.javaRDD().mapPartitions(rows -> {
            String folder = attempts + "/" + TaskContext.get().taskAttemptId();
            try (Store store = Stores.open(parent)) {
                return ShardFiles.write(rows, store, folder, type, shardPlan).iterator();
            }
        });
    }

    private static void move(Store store, String from, String to, String shard) throws IOException {
        for (String suffix : List.of(".bin", ".idx", ".lang")) {
            store.replace(from + "/" + shard + suffix, to + "/" + shard + suffix);
        }
    }

    /** The tokenizer as a task builds it; the JSON travels, being smaller than the tables. */
    private static ByteLevelBpe tokenizer(byte[] json) throws IOException {
        return new ByteLevelBpe(TokenizerJson.parse("tokenizer.json", new ByteArrayInputStream(json)));
    }
}
