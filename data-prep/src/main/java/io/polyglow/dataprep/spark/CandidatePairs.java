package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.Leaders;
import io.polyglow.dataprep.dedup.Leaders.Member;
import io.polyglow.dataprep.dedup.MinHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Pairs of documents that agree in a band and are worth a closer look. A group of documents with the same band goes through one task as a sorted stream of
 * which {@link Leaders} are held; a group too large for one task never meets in one: its leaders, at most sixteen, are sent to where its members are.
 */
final class CandidatePairs {
    static final StructType PAIRS =
            new StructType().add("a", DataTypes.StringType, false).add("b", DataTypes.StringType, false);
    private static final String KEY = "key";
    private static final StructType BANDS = new StructType()
            .add(KEY, DataTypes.LongType, false)
            .add("node", DataTypes.StringType, false)
            .add("size", DataTypes.IntegerType, false);

    private CandidatePairs() {}

    /** Distinct pairs {@code (a, b)}, {@code a < b}, among documents {@code (node, size, signature)}, a written table. */
    static Dataset<Row> of(Dataset<Row> documents, DedupConfig.Near config) {
        long rows = documents.count() * config.bands();
        return of(documents, config, SkewJoin.limit(rows));
    }

    static Dataset<Row> of(Dataset<Row> documents, DedupConfig.Near config, long largestGroup) {
        SparkSession spark = documents.sparkSession();
        Dataset<Row> bands = bands(documents, config);
        Map<Long, Leaders> large = leadersOfLarge(bands, largestGroup);
        Broadcast<Map<Long, Leaders>> shared =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(large);
        double similarity = config.similarity();
        Dataset<Row> pairs = small(bands, shared, similarity);
        if (!large.isEmpty()) {
            pairs = pairs.union(large(bands, shared, similarity));
        }
        return pairs.distinct();
    }

    private static Dataset<Row> bands(Dataset<Row> documents, DedupConfig.Near config) {
        MapPartitionsFunction<Row, Row> explode = rows -> {
            MinHash minHash = config.minHash();
            return RowExpansion.flatMap(rows, (row, out) -> {
                for (int band = 0; band < minHash.bands(); band++) {
                    out.accept(RowFactory.create(minHash.band(row.getAs(2), band), row.getString(0), row.getInt(1)));
                }
            });
        };
        return documents.select("node", "size", "signature").mapPartitions(explode, Encoders.row(BANDS));
    }

    /** Only so many groups can be large that their leaders fit anywhere: fewer than a thousand, see {@link SkewJoin#limit}. */
    private static Map<Long, Leaders> leadersOfLarge(Dataset<Row> bands, long largestGroup) {
        List<Long> keys = bands.groupBy(KEY)
                .count()
                .filter(col("count").gt(largestGroup))
                .select(KEY)
                .as(Encoders.LONG())
                .collectAsList();
        if (keys.isEmpty()) {
            return new HashMap<>();
        }
        return new HashMap<>(bands.filter(col(KEY).isin(keys.toArray()))
                .javaRDD()
                .mapToPair(row -> new Tuple2<>(row.getLong(0), member(row)))
                .aggregateByKey(new Leaders(), Leaders::add, Leaders::merge)
                .collectAsMap());
    }

    private static Dataset<Row> small(Dataset<Row> bands, Broadcast<Map<Long, Leaders>> large, double similarity) {
        int partitions = Integer.parseInt(bands.sparkSession().conf().get("spark.sql.shuffle.partitions"));
        MapPartitionsFunction<Row, Row> pairs = rows -> RowExpansion.flatMap(rows, new Groups(similarity));
        return bands.filter((FilterFunction<Row>) row -> !large.value().containsKey(row.getLong(0)))
                .repartition(partitions, col(KEY))
                .sortWithinPartitions(KEY, "node")
                .mapPartitions(pairs, Encoders.row(PAIRS));
    }

    private static Dataset<Row> large(Dataset<Row> bands, Broadcast<Map<Long, Leaders>> large, double similarity) {
        FlatMapFunction<Row, Row> pairs = row -> {
            List<Row> found = new ArrayList<>();
            Leaders leaders = large.value().get(row.getLong(0));
            if (leaders != null) {
                Member member = member(row);
                leaders.partners(member, similarity, leader -> found.add(pair(leader, member)));
            }
            return found.iterator();
        };
        return bands.flatMap(pairs, Encoders.row(PAIRS));
    }

    private static Member member(Row row) {
        return new Member(row.getString(1), row.getInt(2));
    }

    private static Row pair(Member leader, Member member) {
        return RowFactory.create(leader.node(), member.node());
    }

    /** Follows a stream that is sorted by key and node from group to group. */
    private static final class Groups implements RowExpansion {
        private final double similarity;
        private Leaders leaders = new Leaders();
        private long key;

        Groups(double similarity) {
            this.similarity = similarity;
        }

        @Override
        public void expand(Row row, Consumer<Row> out) {
            if (row.getLong(0) != key) {
                key = row.getLong(0);
                leaders = new Leaders();
            }
            Member member = member(row);
            leaders.partners(member, similarity, leader -> out.accept(pair(leader, member)));
            leaders.add(member);
        }
    }
}
