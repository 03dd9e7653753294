package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.DedupConfig.Near;
import io.polyglow.dataprep.dedup.PlantedDuplicates;
import io.polyglow.dataprep.dedup.PlantedDuplicates.Planted;
import io.polyglow.dataprep.doc.Digest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.agrona.concurrent.NanoClock;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Deduplication of {@link PlantedDuplicates}, all of it, beside what theory promises: recall by similarity, precision, time and evenness of each step. Half of the documents that
 * are alone have a reason to go, so that the documents without a cluster are a large group too. Precision would fall if candidate pairs were believed: near-misses are among them.
 */
public final class DedupBench {
    private static final long FEWEST_ROWS = 1000;
    private static final long FILE_BYTES = 16L << 20;
    private static final StructType PLANTED = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("plant", DataTypes.LongType, false)
            .add("tenths", DataTypes.IntegerType, false)
            .add("pair", DataTypes.BooleanType, false)
            .add("text", DataTypes.StringType, false)
            .add(DocumentTable.CONTENT_HASH, DataTypes.StringType, false)
            .add(Decisions.REASONS, DataTypes.createArrayType(DataTypes.StringType, false), false);

    private final SparkSession spark;
    private final WorkTables work;
    private final Settings settings;

    private DedupBench(SparkSession spark, WorkTables work, Settings settings) {
        this.spark = spark;
        this.work = work;
        this.settings = settings;
    }

    /**
     * What is measured.
     *
     * @param documents how many texts of some 1,100 characters
     * @param similarity threshold of verified pairs
     * @param partitions tasks of a stage
     */
    public record Settings(long documents, long seed, double similarity, int partitions) {}

    /** Keeps the candidate pairs and the links, to be counted when the clock has stopped. */
    private static final class PairsStay extends WorkTables {
        PairsStay(SparkSession spark, String directory) {
            super(spark, directory);
        }

        @Override
        void delete(String name) {
            if (!name.equals(NearDuplicates.PAIRS) && !name.equals(NearDuplicates.EDGES)) {
                super.delete(name);
            }
        }
    }

    /**
     * Runs it in {@code directory}, some four kilobytes a document; the caller deletes it.
     *
     * @return {@code recall} by similarity with {@code expected} and {@code pairs}; {@code precision}, the share of clusters that hold one plant only; {@code near_misses}, documents
     *     that are alike, but less than the threshold; {@code candidate_pairs}, and {@code refused_pairs}, how many of these verification refused; {@code duplicates} of each kind;
     *     {@code seconds}; {@code steps}; {@code largest_task_share}
     */
    public static JsonObject run(
            SparkSession spark, Settings settings, String directory, NanoClock clock, Consumer<String> news)
            throws InterruptedException {
        SparkSession own = spark.newSession();
        own.conf().set("spark.sql.shuffle.partitions", settings.partitions);
        // many small tasks rather than few: how evenly they share is what is measured
        own.conf().set("spark.sql.adaptive.coalescePartitions.enabled", false);
        // nor is a table sent whole to every task, which it would be too large for in any corpus where evenness matters
        own.conf().set("spark.sql.autoBroadcastJoinThreshold", -1);
        own.conf().set("spark.sql.files.maxPartitionBytes", FILE_BYTES);
        own.conf().set("spark.sql.files.openCostInBytes", FILE_BYTES); // or several files make one task
        String uri = Locations.path(directory).toString();
        return new DedupBench(own, new WorkTables(own, uri), settings).run(uri, clock, news);
    }

    private JsonObject run(String directory, NanoClock clock, Consumer<String> news) throws InterruptedException {
        Dataset<Row> planted = plant(news);
        TaskShares shares = new TaskShares(Math.max(FEWEST_ROWS, settings.documents() / 100));
        spark.sparkContext().addSparkListener(shares);
        long startNs = clock.nanoTime();
        Near near = new Near(true, settings.similarity(), 14, 8);
        WorkTables steps = new PairsStay(spark, directory + "/steps");
        Dataset<Row> duplicates = deduplicate(planted, near, steps, news);
        double seconds = (clock.nanoTime() - startNs) / 1e9;
        shares.finish(spark.sparkContext());
        Dataset<Row> found = work.write("found", "truth", () -> planted.select("id", "plant", "tenths", "pair")
                .join(duplicates.filter(Decisions.stays()), "id"));
        Dataset<Row> pairs = spark.read().parquet(steps.path(NearDuplicates.PAIRS));
        return new JsonObject()
                .put("documents", settings.documents())
                .put(
                        "text_bytes",
                        planted.agg(sum(org.apache.spark.sql.functions.length(col("text"))))
                                .first()
                                .getLong(0))
                .put("similarity", settings.similarity())
                .put("recall", recall(found, near))
                .put("largest_cluster_found", largestCluster(found))
                .put("precision", precision(found, settings.similarity()))
                .put("near_misses", nearMisses(found, settings.similarity()).count())
                .put("candidate_pairs", pairs.count())
                .put(
                        "refused_pairs",
                        pairs.except(spark.read().parquet(steps.path(NearDuplicates.EDGES)))
                                .count())
                .put("duplicates", kinds(found))
                .put("seconds", seconds)
                .put("steps", shares.json())
                .put("largest_task_share", shares.largest());
    }

    private Dataset<Row> deduplicate(Dataset<Row> planted, Near near, WorkTables steps, Consumer<String> news) {
        Dataset<Row> sketches = work.write("sketches", "sketches", () -> SketchColumns.of(planted, near));
        Dataset<Row> decisions = planted.select(DocumentTable.ID, DocumentTable.CONTENT_HASH, Decisions.REASONS);
        Dataset<Row> duplicates = Deduplication.run(decisions, sketches, List.of(), near, steps, news);
        return work.write("duplicates", "duplicates: every document", () -> duplicates);
    }

    private Dataset<Row> plant(Consumer<String> news) {
        news.accept("planting " + settings.documents() + " documents ...");
        long documents = settings.documents();
        long seed = settings.seed();
        PlantedDuplicates layout = new PlantedDuplicates(documents, seed);
        MapFunction<Long, Row> text = index -> row(index, layout.document(index));
        Dataset<Row> rows = spark.range(0, documents, 1, settings.partitions)
                .as(Encoders.LONG())
                .map(text, Encoders.row(PLANTED))
                .sort("id");
        return work.write("planted", "planting", () -> rows);
    }

    private static Row row(long index, Planted planted) {
        boolean goes = planted.tenths() == 0 && index % 2 == 0;
        return RowFactory.create(
                planted.id(),
                planted.plant(),
                planted.tenths(),
                planted.pair(),
                planted.text(),
                Digest.contentHash(planted.text()),
                goes ? new String[] {"planted"} : new String[0]);
    }

    /** A planted pair is found when both are in one cluster. */
    private static JsonObject recall(Dataset<Row> found, Near near) {
        List<Row> rows = found.filter(col("pair"))
                .groupBy("tenths", "plant")
                .agg(countDistinct("cluster").as("clusters"))
                .groupBy("tenths")
                .agg(avg(when(col("clusters").equalTo(1), 1.0).otherwise(0.0)), count(lit(1)))
                .collectAsList();
        Map<Integer, Row> byTenths = new TreeMap<>();
        rows.forEach(row -> byTenths.put(row.getInt(0), row));
        JsonObject recall = new JsonObject();
        byTenths.forEach((tenths, row) -> recall.put(
                "0." + tenths,
                new JsonObject()
                        .put("found", row.getDouble(1))
                        .put(
                                "expected",
                                tenths < 10 * near.similarity()
                                        ? 0.0
                                        : near.minHash().recall(tenths / 10.0))
                        .put("pairs", row.getLong(2))));
        return recall;
    }

    private static JsonObject kinds(Dataset<Row> found) {
        JsonObject kinds = new JsonObject();
        found.filter(col(Deduplication.DUPLICATE).isNotNull())
                .groupBy(Deduplication.DUPLICATE)
                .count()
                .orderBy(Deduplication.DUPLICATE)
                .collectAsList()
                .forEach(row -> kinds.put(row.getString(0), row.getLong(1)));
        return kinds;
    }

    /** How much of the one large plant is in one cluster. */
    private static double largestCluster(Dataset<Row> found) {
        Dataset<Row> sizes =
                found.filter(col("plant").equalTo(0)).groupBy("cluster").count();
        Row row = sizes.agg(org.apache.spark.sql.functions.max("count"), sum("count"))
                .first();
        return row.isNullAt(1) ? 0 : (double) row.getLong(0) / row.getLong(1);
    }

    /** Those that are less similar than the threshold. */
    private static Dataset<Row> nearMisses(Dataset<Row> found, double similarity) {
        return found.filter(col("tenths")
                .between(1, PlantedDuplicates.FEWEST_TENTHS - 1)
                .and(col("tenths").lt(10 * similarity)));
    }

    /** Different plants have nothing in common, or less than the threshold, so a cluster of two plants is wrong. */
    static double precision(Dataset<Row> found, double similarity) {
        return found.filter(col("tenths").lt(10 * similarity).or(col("tenths").geq(PlantedDuplicates.FEWEST_TENTHS)))
                .groupBy("cluster")
                .agg(countDistinct("plant").as("plants"))
                .agg(avg(when(col("plants").equalTo(1), 1.0).otherwise(0.0)))
                .first()
                .getDouble(0);
    }
}
