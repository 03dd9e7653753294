package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.spark.DedupBench.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;
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
    }
}
