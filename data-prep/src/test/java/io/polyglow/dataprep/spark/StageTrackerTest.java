package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

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
        assertThat(heard.stream().filter(progress -> progress.stage() == 1).map(Progress::fraction))
                .isSorted();
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
