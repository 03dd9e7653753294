package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha1;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.spark.NearDuplicates.Sketched;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of documents, against what a map says. Of 40,000 documents every fifth has one text, another fifth has one near-duplicate, and a fourth has a reason to go: each of
 * these is a key of some thousands of rows.
 */
class DeduplicationTest {
    private static final long DOCUMENTS = 40_000;
    private static final int PARTITIONS = 16;
    /** Keys are spread in pieces of a thousand rows; a task gets some of these besides its share of the others. */
    private static final double LARGEST_SHARE = 0.12;

    @TempDir
    private Path folder;

    private final SparkSession spark = shuffling(PARTITIONS);

    private static SparkSession shuffling(int partitions) {
        SparkSession session = LocalSpark.session().newSession();
        session.conf().set("spark.sql.shuffle.partitions", partitions);
        session.conf().set("spark.sql.adaptive.coalescePartitions.enabled", false);
        session.conf().set("spark.sql.autoBroadcastJoinThreshold", -1);
        session.conf().set("spark.sql.files.maxPartitionBytes", 1 << 16);
        session.conf().set("spark.sql.files.openCostInBytes", 1 << 16);
        return session;
    }

    private static Dataset<Row> decisions(SparkSession spark, int partitions) {
        return spark.range(0, DOCUMENTS, 1, partitions)
                .select(
                        sha1(concat(lit("document "), col("id"))).as("id"),
                        when(col("id").mod(5).equalTo(0), lit("copied"))
                                .otherwise(concat(lit("text "), col("id")))
                                .as("content_hash"),
                        when(col("id").mod(4).equalTo(3), array(lit("too short")))
                                .otherwise(array().cast("array<string>"))
                                .as("reasons"));
    }

    @Test
    void shouldKeepTheSmallestOfEqualTextsWithoutATaskThatGetsThemAll() throws Exception {
        Dataset<Row> decisions = written("decisions", decisions(spark, PARTITIONS));
        Map<String, String> first = new HashMap<>();
        Map<String, Long> sizes = new HashMap<>();
        for (Row row : decisions.collectAsList()) {
            if (row.getList(2).isEmpty()) {
                first.merge(row.getString(1), row.getString(0), (a, b) -> a.compareTo(b) < 0 ? a : b);
                sizes.merge(row.getString(1), 1L, Long::sum);
            }
        }

        double[] share = new double[1];
        List<Row> rows = measured(share, () -> written("exact", Deduplication.exact(decisions)))
                .collectAsList();

        assertThat(rows).hasSize((int) DOCUMENTS).allSatisfy(row -> {
            boolean stays = row.getList(2).isEmpty();
            String kept = stays ? first.get(row.getString(1)) : null;
            assertThat(row.<@Nullable String>getAs("cluster")).isEqualTo(kept);
            assertThat(row.<Long>getAs("cluster_size")).isEqualTo(stays ? sizes.get(row.getString(1)) : 1L);
            assertThat(row.<@Nullable String>getAs("duplicate"))
                    .isEqualTo(stays && !row.getString(0).equals(kept) ? "exact duplicate" : null);
        });
        assertThat(sizes.get("copied")).isEqualTo(6000);
        assertThat(share[0]).isBetween(1.0 / PARTITIONS, LARGEST_SHARE);
        assertThat(byId(Deduplication.exact(decisions(shuffling(3), 7)))).isEqualTo(byId(written("exact")));
    }

    @Test
    void shouldTellExactFromNearDuplicatesWithoutATaskThatGetsACluster() throws Exception {
        Dataset<Row> exact = written("exact", Deduplication.exact(decisions(spark, PARTITIONS)));
        String copied = exact.filter("content_hash = 'copied' and duplicate is null and cluster is not null")
                .first()
                .getString(0);
        // the copied text, and every text 1 modulo 5, are near a document of an earlier corpus
        Dataset<Row> near = written(
                "near",
                exact.filter("id = cluster")
                        .withColumn(
                                "in", col("content_hash").equalTo("copied").or(expr("substr(content_hash, 6) % 5 = 1")))
                        .select(
                                col("id"),
                                when(col("in"), lit("1:old"))
                                        .otherwise(col("id"))
                                        .as("cluster"),
                                col("in").as("cluster_earlier"),
                                when(col("in"), lit(12_000L)).otherwise(lit(1L)).as("cluster_size")));

        // as text 2 would be if it had no words, it is near nothing
        Dataset<Row> known = written(
                "known", exact.filter("content_hash in ('text 1', 'text 2')").select("id", "content_hash"));
        String wordless = known.filter("content_hash = 'text 2'").first().getString(0);
        Sketched earlier = new Sketched(known, known);

        double[] share = new double[1];
        Dataset<Row> duplicates =
                measured(share, () -> written("duplicates", Deduplication.near(exact, near, List.of(earlier))));

        assertThat(counts(duplicates))
                .containsExactlyInAnyOrderEntriesOf(new TreeMap<>(Map.of(
                        "exact duplicate earlier:1:old 12000",
                        6000L,
                        "near duplicate earlier:1:old 12000",
                        6000L,
                        "exact duplicate earlier:1:" + wordless + " 1",
                        1L,
                        "null itself 1",
                        17_999L,
                        "null null 1",
                        10_000L)));
        assertThat(duplicates.filter(col("id").equalTo(copied)).first().<String>getAs("duplicate"))
                .isEqualTo("near duplicate");
        assertThat(duplicates.filter("content_hash = 'text 1'").first().<String>getAs("duplicate"))
                .as("what has the text of an earlier document")
                .isEqualTo("exact duplicate");
        assertThat(share[0]).isBetween(1.0 / PARTITIONS, LARGEST_SHARE);
        spark.conf().set("spark.sql.shuffle.partitions", 5);
        assertThat(byId(Deduplication.near(exact, near, List.of(earlier)))).isEqualTo(byId(duplicates));
    }

    private static Map<String, Long> counts(Dataset<Row> duplicates) {
        Map<String, Long> counts = new TreeMap<>();
        for (Row row : duplicates.collectAsList()) {
            String cluster = row.getAs("cluster");
            String name = row.getString(0).equals(cluster) ? "itself" : cluster;
            counts.merge(row.getAs("duplicate") + " " + name + " " + row.getAs("cluster_size"), 1L, Long::sum);
        }
        return counts;
    }

    private static Map<String, List<@Nullable Object>> byId(Dataset<Row> rows) {
        Map<String, List<@Nullable Object>> found = new TreeMap<>();
        for (Row row : rows.collectAsList()) {
            List<@Nullable Object> values = new ArrayList<>();
            for (String column : List.of("content_hash", "cluster", "cluster_size", "duplicate")) {
                values.add(row.getAs(column));
            }
            assertThat(found.put(row.getString(0), values)).isNull();
        }
        return found;
    }

    private Dataset<Row> written(String name, Dataset<Row> rows) {
        return new WorkTables(spark, folder.toString()).write(name, name, () -> rows);
    }

    private Dataset<Row> written(String name) {
        return spark.read().parquet(folder.resolve(name).toString());
    }

    /** The largest share of its stage's rows that a task reads while {@code work} runs. */
    private <T> T measured(double[] share, Callable<T> work) throws Exception {
        TaskShares shares = new TaskShares(DOCUMENTS / 4);
        spark.sparkContext().addSparkListener(shares);
        T result = work.call();
        shares.finish(spark.sparkContext());
        share[0] = shares.largest();
        return result;
    }
}
