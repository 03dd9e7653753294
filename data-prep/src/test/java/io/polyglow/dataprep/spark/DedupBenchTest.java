package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.Nodes;
import io.polyglow.dataprep.dedup.PlantedDuplicates;
import io.polyglow.dataprep.spark.DedupBench.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The near-deduplication bar in miniature: 200 planted pairs of each similarity. */
@Tag("nightly")
class DedupBenchTest {
    @TempDir
    private Path folder;

    @Test
    void shouldFindAsManyPairsAsTheoryPromisesAndNoOthers() throws InterruptedException {
        SparkSession spark = LocalSpark.session();
        List<String> news = new ArrayList<>();

        JsonObject result = DedupBench.run(
                spark, new Settings(4000, 1, 0.65, 8), folder.toString(), SystemNanoClock.INSTANCE, news::add);

        assertThat(result.getDouble("precision")).isEqualTo(1);
        assertThat(result.getDouble("largest_cluster_found")).isEqualTo(1);
        JsonObject recall = result.getObject("recall");
        assertThat(recall.names()).containsExactly("0.6", "0.7", "0.8", "0.9");
        assertThat(recall.getObject("0.6").getDouble("found"))
                .as("below the threshold")
                .isZero();
        for (String similarity : List.of("0.7", "0.8", "0.9")) {
            JsonObject at = recall.getObject(similarity);
            double expected = at.getDouble("expected");
            double deviation = Math.sqrt(expected * (1 - expected) / 200);
            assertThat(at.getDouble("found")).isCloseTo(expected, within(4 * deviation));
            assertThat(at.getLong("pairs")).isEqualTo(200);
        }
        // how evenly tasks share shows at a size at which no key fits one task; here only that it is told
        assertThat(result.getObject("steps").names()).contains("sketches", "candidate pairs", "true similarity");
        assertThat(result.getObject("steps").getObject("sketches").getDouble("largest_task_share"))
                .isBetween(1.0 / 8, 1.0);
        assertThat(news).anyMatch(line -> line.contains("pairs looked at"));
        assertThatPrecisionNeedsVerification(spark, result);
    }

    /** What the clusters of all candidate pairs would be like, and those of the links among them. */
    private void assertThatPrecisionNeedsVerification(SparkSession spark, JsonObject result) {
        assertThat(result.getLong("near_misses")).isEqualTo(5 * PlantedDuplicates.FAMILY);
        assertThat(result.getLong("refused_pairs")).isBetween(3 * 10L, result.getLong("candidate_pairs") - 1);
        Dataset<Row> planted = spark.read().parquet(folder.resolve("planted").toString());
        Dataset<Row> believed = clustered(planted, "pairs");
        Dataset<Row> verified = clustered(planted, "edges");
        assertThat(DedupBench.precision(verified, 0.65)).isEqualTo(1);
        assertThat(DedupBench.precision(believed, 0.65)).isLessThan(1);
        assertThat(believed.filter("tenths in (4, 5)").count())
                .as("near-misses that are joined with others")
                .isGreaterThan(10);
        assertThat(verified.filter("tenths in (4, 5)").count()).isZero();
    }

    private Dataset<Row> clustered(Dataset<Row> planted, String links) {
        SparkSession spark = planted.sparkSession();
        Dataset<Row> pairs =
                spark.read().parquet(folder.resolve("steps").resolve(links).toString());
        WorkTables work =
                new WorkTables(spark, folder.resolve("clusters-of-" + links).toString());
        Dataset<Row> members = new Components(work, line -> {}).of(pairs);
        return planted.withColumn("node", concat(lit(Nodes.OWN), col("id")))
                .join(members, "node")
                .select("id", "plant", "tenths", "cluster");
    }
}
