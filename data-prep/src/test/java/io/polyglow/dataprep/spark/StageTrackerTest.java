package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import scala.Tuple2;

class StageTrackerTest {
    private final SparkSession spark = LocalSpark.session();

    @Test
    void shouldTellOfEveryStageFromItsBeginningToItsEnd() {
        List<Progress> heard = new ArrayList<>();
        try (StageTracker stages = new StageTracker(spark, "job", 2, heard::add)) {
            stages.run("count", () -> range(8).count());
            stages.run("think", () -> 42);
        }

        assertThat(heard)
                .startsWith(new Progress(1, 2, "count", 0))
                .endsWith(new Progress(2, 2, "think", 0), new Progress(2, 2, "think", 1));
        assertThat(heard).contains(new Progress(1, 2, "count", 1));
        assertThat(heard.stream()
                        .filter(progress -> progress.stage() == 1)
                        .filter(progress -> !progress.step().equals("on the driver"))
                        .map(Progress::fraction))
                .isSorted();
    }

    @Test
    void shouldBeginAnewWithEachPassOfAStageOfManyJobs() {
        List<Progress> heard = new ArrayList<>();
        try (StageTracker stages = new StageTracker(spark, "job", 1, heard::add)) {
            stages.run("count thrice", () -> heard(range(4).count() + range(40).count() + range(4).count()));
        }

        assertThat(heard.stream().filter(progress -> progress.step().equals("pass 2")))
                .extracting(Progress::fraction)
                .isSorted()
                .startsWith(0.0, 0.025)
                .contains(0.5);
        assertThat(heard).extracting(Progress::step).contains("pass 1", "on the driver", "pass 3");
        assertThat(heard).filteredOn(progress -> progress.fraction() > 0.99).hasSize(1);
    }

    @Test
    void shouldCountOnlyTasksThatRun() {
        List<Progress> heard = new ArrayList<>();
        JavaPairRDD<Integer, Integer> sums =
                range(30).mapToPair(i -> new Tuple2<>(i % 2, i)).reduceByKey(Integer::sum, 2);
        try (StageTracker stages = new StageTracker(spark, "job", 1, heard::add)) {
            stages.run("sum", () -> {
                sums.count();
                return heard(sums.count());
            });
        }

        assertThat(heard.stream().filter(progress -> progress.step().equals("pass 2")))
                .extracting(Progress::fraction)
                .containsExactly(0.0, 0.5, 0.99);
    }

    @Test
    void shouldKnowHowManyPassesAQueryTakes() {
        Dataset<Row> numbers = spark.range(20).toDF();
        Dataset<Row> counts = numbers.groupBy(numbers.col("id").mod(3).as("rest"))
                .count()
                .groupBy("count")
                .count();

        assertThat(StagePasses.of(numbers)).isEqualTo(1);
        assertThat(StagePasses.of(counts)).isEqualTo(3);

        List<Progress> heard = new ArrayList<>();
        try (StageTracker stages = new StageTracker(spark, "job", 2, heard::add)) {
            stages.run("list", () -> list(stages, numbers));
            stages.run("count", () -> list(stages, counts));
        }
        assertThat(heard).extracting(Progress::step).contains("pass 1 of 3", "pass 2 of 3", "pass 3 of 3");
        assertThat(heard)
                .filteredOn(progress -> progress.stage() == 1)
                .extracting(Progress::step)
                .contains("")
                .doesNotContain("pass 1", "pass 1 of 1");
    }

    @Test
    void shouldNameTheStepsOfAStage() {
        List<Progress> heard = new ArrayList<>();
        try (StageTracker stages = new StageTracker(spark, "job", 1, heard::add)) {
            stages.run("deduplicate", 3, () -> {
                spark.sparkContext().setJobDescription("sketches");
                range(2).count();
                spark.sparkContext().setJobDescription("clusters: round 1");
                range(2).count();
                spark.sparkContext().setJobDescription("clusters: round 2");
                range(2).count();
                stages.describe("deduplicate");
                return heard(range(2).count());
            });
        }

        assertThat(heard)
                .extracting(Progress::step)
                .containsSubsequence(
                        "step 1 of 3, sketches, pass 1",
                        "step 2 of 3, clusters, pass 1",
                        "step 2 of 3, clusters, pass 2",
                        "step 3 of 3, pass 1");
    }

    private List<Row> list(StageTracker stages, Dataset<Row> rows) throws TimeoutException {
        stages.expectPasses(StagePasses.of(rows));
        return heard(rows.collectAsList());
    }

    /** Waits until the tracker has heard of all that was done for {@code result}. */
    private <T> T heard(T result) throws TimeoutException {
        spark.sparkContext().listenerBus().waitUntilEmpty();
        return result;
    }

    @Test
    void shouldBlameTheEnvironmentInOneParagraphWhenATaskCannotReadAFile() {
        assertFailure(
                new IOException("disk on fire"),
                ErrorKind.ENVIRONMENT,
                "stage 1 of 1 (read): java.io.IOException: disk on fire");
    }

    @Test
    void shouldCallAnythingElseABug() {
        assertFailure(new IllegalStateException("impossible"), ErrorKind.BUG, "impossible");
    }

    @Test
    void shouldPassOnWhatATaskSaidToTheUser() {
        assertFailure(
                new PolyglowException(ErrorKind.DATA, "The line is too long."),
                ErrorKind.DATA,
                "The line is too long.");
    }

    private void assertFailure(Exception thrownByTask, ErrorKind kind, String part) {
        try (StageTracker stages = new StageTracker(spark, "job", 1, ProgressListener.SILENT)) {
            assertThatThrownBy(() -> stages.run("read", () -> range(2).map(i -> {
                                throw thrownByTask;
                            })
                            .count()))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                    .hasMessageContaining(part)
                    .hasMessageNotContaining("\n");
        }
    }

    private org.apache.spark.api.java.JavaRDD<Integer> range(int tasks) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < tasks; i++) {
            numbers.add(i);
        }
        return JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(numbers, tasks);
    }
}
