package io.polyglow.dataprep.spark;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.dataprep.mix.Copies;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Tokenizes kept documents and writes token shards. One shuffle brings every document to its shard and its place in it, one task a shard, so the bytes depend
 * on the documents and the seed alone. A shard that would grow beyond what a reader can map goes on in a further one, so shards are numbered when all are written. Each task attempt writes into a folder of its own, and only the shards of the attempts that
 * succeeded are moved to their place: retries and speculation leave no trace.
 */
final class ShardJob {
    private static final String ATTEMPTS = "attempts";

    private final SparkSession spark;
    private final Tokenizer tokenizer;
    private final SplitPlan split;
    private final ShardPlan plan;
    private final Copies copies;
    private final int maxShardBytes;

    /** A job that writes every document once. */
    ShardJob(SparkSession spark, Tokenizer tokenizer, SplitPlan split, ShardPlan plan) {
        this(spark, tokenizer, split, plan, Copies.ONCE, TokenShardWriter.MAX_BYTES);
    }

    /** A job that writes documents of the training side as often as {@code copies} says. */
    ShardJob(SparkSession spark, Tokenizer tokenizer, SplitPlan split, ShardPlan plan, Copies copies) {
        this(spark, tokenizer, split, plan, copies, TokenShardWriter.MAX_BYTES);
    }

    /** A job that makes no shard larger than {@code maxShardBytes} of tokens. */
    ShardJob(
            SparkSession spark,
            Tokenizer tokenizer,
            SplitPlan split,
            ShardPlan plan,
            Copies copies,
            int maxShardBytes) {
        this.spark = spark;
        this.tokenizer = tokenizer;
        this.split = split;
        this.plan = plan;
        this.copies = copies;
        this.maxShardBytes = maxShardBytes;
    }

    /** Writes the shards of {@code texts} (see {@link KeptTexts}) into a directory of a store. */
    List<ShardInfo> run(Dataset<Row> texts, Store store, String directory) throws IOException {
        String attempts = directory + "/" + ATTEMPTS;
        store.makeDirectory(attempts);
        List<Row> written =
                new ArrayList<>(write(pieces(texts), store.root(), attempts).collect());
        written.sort(Comparator.comparing((Row row) -> row.getInt(0)).thenComparing(row -> row.getInt(1)));
        Map<String, Integer> numbers = new HashMap<>();
        List<ShardInfo> shards = new ArrayList<>();
        for (Row row : written) {
            ShardInfo shard = ShardInfo.parse(row.getString(3));
            int number = numbers.merge(shard.split(), 1, Integer::sum) - 1;
            ShardInfo numbered = shard.withName(ShardPlan.name(shard.split(), number));
            move(store, row.getString(2) + "/" + shard.name(), directory + "/" + numbered.name(), shard);
            shards.add(numbered);
        }
        store.delete(attempts);
        return shards;
    }

    /** Tokenized documents, those of each shard in a partition of their own and in their order. */
    Dataset<Row> pieces(Dataset<Row> texts) {
        byte[] json = tokenizer.json();
        SplitPlan splitPlan = split;
        ShardPlan shardPlan = plan;
        Copies shardCopies = copies;
        JavaRDD<Row> pieces = texts.select(
                        DocumentTable.ID,
                        DocumentTable.LANGUAGE,
                        DocumentTable.SOURCE,
                        Deduplication.CLUSTER_SIZE,
                        DocumentTable.TEXT)
                .javaRDD()
                .mapPartitions(rows -> new TokenizedPieces(rows, tokenizer(json), splitPlan, shardPlan, shardCopies));
        return spark.createDataFrame(pieces, TokenizedPieces.SCHEMA)
                .repartition(plan.shards(), ShardRoutes.of(functions.col(TokenizedPieces.SHARD), plan.shards()))
                .sortWithinPartitions(
                        TokenizedPieces.SHARD, TokenizedPieces.KEY, TokenizedPieces.ID, TokenizedPieces.COPY);
    }

    private JavaRDD<Row> write(Dataset<Row> pieces, String root, String attempts) {
        ShardPlan shardPlan = plan;
        TokenType type = TokenType.forVocabulary(tokenizer.vocabSize());
        int maxBytes = maxShardBytes;
        return pieces.javaRDD().mapPartitions(rows -> {
            SharedFolders.requireShared(Locations.path(root + "/" + attempts), new Configuration());
            String folder = attempts + "/" + TaskContext.get().taskAttemptId();
            try (Store store = Stores.open(root)) {
                return ShardFiles.write(rows, store, folder, type, shardPlan, maxBytes)
                        .iterator();
            }
        });
    }

    private static void move(Store store, String from, String to, ShardInfo shard) throws IOException {
        for (String suffix : shard.files().keySet()) {
            store.replace(from + suffix, to + suffix);
        }
    }

    /** The tokenizer as a task builds it; the JSON travels, being smaller than the tables. */
    private static Tokenizer tokenizer(byte[] json) throws IOException {
        return TokenizerFile.parse("tokenizer.json", new ByteArrayInputStream(json));
    }
}
