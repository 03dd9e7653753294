package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.DedupConfig.Passages;
import io.polyglow.dataprep.dedup.PlantedDuplicates;
import io.polyglow.dataprep.dedup.PlantedDuplicates.Planted;
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

/** Near-deduplication of {@link PlantedDuplicates}, beside what theory promises: recall by similarity, precision, time and evenness of each step. */
public final class DedupBench {
    private static final long FEWEST_ROWS = 1000;
    private static final long FILE_BYTES = 16L << 20;
    private static final StructType PLANTED = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("plant", DataTypes.LongType, false)
            .add("tenths", DataTypes.IntegerType, false)
            .add("pair", DataTypes.BooleanType, false)
            .add("text", DataTypes.StringType, false);

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

    /**
     * Runs it in {@code directory}, some four kilobytes a document; the caller deletes it.
     *
     * @return {@code recall} by similarity with {@code expected} and {@code pairs}; {@code precision}, the share of clusters that hold one plant only; {@code
     *     seconds}; {@code steps}; {@code largest_task_share}
     */
    public static JsonObject run(
            SparkSession spark, Settings settings, String directory, NanoClock clock, Consumer<String> news)
            throws InterruptedException {
        SparkSession own = spark.newSession();
        own.conf().set("spark.sql.shuffle.partitions", settings.partitions);
        // many small tasks rather than few: how evenly they share is what is measured
        own.conf().set("spark.sql.adaptive.coalescePartitions.enabled", false);
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
        DedupConfig.Near near = new DedupConfig.Near(true, settings.similarity(), 14, 8);
        Passages none = new Passages(0, 1);
        Dataset<Row> clusters =
                NearDuplicates.run(planted, new DedupConfig(near, none, none, null), directory + "/near", news);
        double seconds = (clock.nanoTime() - startNs) / 1e9;
        shares.finish(spark.sparkContext());
        Dataset<Row> found =
                work.write("found", "truth", () -> planted.drop("text").join(clusters, "id"));
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
                .put("precision", precision(found))
                .put("seconds", seconds)
                .put("steps", shares.json())
                .put("largest_task_share", shares.largest());
    }

    private Dataset<Row> plant(Consumer<String> news) {
        news.accept("planting " + settings.documents() + " documents ...");
        long documents = settings.documents();
        long seed = settings.seed();
        PlantedDuplicates layout = new PlantedDuplicates(documents, seed);
        MapFunction<Long, Row> text = index -> row(layout.document(index));
        Dataset<Row> rows = spark.range(0, documents, 1, settings.partitions)
                .as(Encoders.LONG())
                .map(text, Encoders.row(PLANTED))
                .sort("id");
        return work.write("planted", "planting", () -> rows);
    }

    private static Row row(Planted planted) {
        return RowFactory.create(planted.id(), planted.plant(), planted.tenths(), planted.pair(), planted.text());
    }

    /** A planted pair is found when both are in one cluster. */
    private static JsonObject recall(Dataset<Row> found, DedupConfig.Near near) {
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

    /** How much of the one large plant is in one cluster. */
    private static double largestCluster(Dataset<Row> found) {
        Dataset<Row> sizes =
                found.filter(col("plant").equalTo(0)).groupBy("cluster").count();
        Row row = sizes.agg(org.apache.spark.sql.functions.max("count"), sum("count"))
                .first();
        return row.isNullAt(1) ? 0 : (double) row.getLong(0) / row.getLong(1);
    }

    /** Different plants have nothing in common, so a cluster of two plants is wrong. */
    private static double precision(Dataset<Row> found) {
        return found.groupBy("cluster")
                .agg(countDistinct("plant").as("plants"))
                .agg(avg(when(col("plants").equalTo(1), 1.0).otherwise(0.0)))
                .first()
                .getDouble(0);
    }
}
