package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** The Spark properties of a training job, as far as masters and users make a difference. */
class SparkSettingsTest {
    @Test
    void shouldWaitLongerForExecutorsWhereOtherJobsQueueForThem() {
        assertThat(settings("spark://host:7077", Map.of()).slotsTimeoutNs()).isEqualTo(TimeUnit.MINUTES.toNanos(1));
        assertThat(settings("yarn", Map.of()).slotsTimeoutNs()).isEqualTo(TimeUnit.MINUTES.toNanos(10));
    }

    @Test
    void shouldWaitAsLongForARestartOnAnyClusterUnlessToldHowLong() {
        assertThat(settings("spark://host:7077", Map.of()).slotsTimeoutOfRestartNs())
                .isEqualTo(TimeUnit.MINUTES.toNanos(10));
        Map<String, String> told = Map.of("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "5");
        assertThat(settings("spark://host:7077", told).slotsTimeoutOfRestartNs())
                .isEqualTo(TimeUnit.SECONDS.toNanos(5));
    }

    @Test
    void shouldCountLostExecutorsOfTenMinutesOnlyUnlessTheUserCountsOtherwise() {
        SparkConf ours = settings("yarn", Map.of()).conf();
        assertThat(ours.get("spark.executor.failuresValidityInterval")).isEqualTo("10m");
        assertThat(ours.get("spark.executor.maxNumFailures")).isEqualTo("32");

        SparkConf theirs = settings("yarn", Map.of("spark.yarn.max.executor.failures", "3"))
                .conf();
        assertThat(theirs.get("spark.executor.maxNumFailures"))
                .as("the newer name of the same")
                .isEqualTo("3");
    }

    @Test
    void shouldLeaveTheJarsToSparkSubmitWhenItHasBroughtTheDriverToTheCluster() {
        SparkConf conf =
                settings("yarn", Map.of("spark.submit.deployMode", "cluster")).conf();

        assertThat(conf.contains("spark.yarn.dist.jars")).isFalse();
        assertThat(conf.contains("spark.jars")).isFalse();
    }

    @Test
    void shouldGiveRanksOnThisMachineTheCoresThatTheyAreToldToAskFor() {
        Map<String, String> four = Map.of("spark.task.cpus", "4", "spark.jars", "polyglow.jar");
        assertThat(new SparkSettings("test", new SparkTarget(null, four), 1).master())
                .isEqualTo("local[4]");
        assertThat(new SparkSettings("test", new SparkTarget(null, four), 2).master())
                .isEqualTo("local-cluster[2,4,1024]");
        Map<String, String> unsaid = Map.of("spark.jars", "polyglow.jar");
        assertThat(new SparkSettings("test", new SparkTarget(null, unsaid), 2).master())
                .isEqualTo("local-cluster[2,1,1024]");
    }

    /** Eight ranks; nothing is packed and sent. */
    private static SparkSettings settings(String master, Map<String, String> properties) {
        Map<String, String> all = new HashMap<>(properties);
        if (!all.containsKey("spark.submit.deployMode")) {
            all.put("spark.jars", "polyglow.jar");
            all.put("spark.yarn.dist.jars", "polyglow.jar");
        }
        return new SparkSettings("test", new SparkTarget(master, all), 8);
    }
}
