package io.polyglow.systemtest;

import static io.polyglow.systemtest.TrainingRuns.LONG;
import static io.polyglow.systemtest.TrainingRuns.SHORT;
import static io.polyglow.systemtest.TrainingRuns.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The whole road on a cluster of processes: prepare on Spark onto HDFS, train four ranks (two replicas of two stages) on two workers, lose
 * executors and drivers, and end with the losses of every step and the weights that a single undisturbed rank computes.
 */
@Timeout(600)
class TrainingOnAClusterTest {
    private static final int USAGE = 64;

    @RegisterExtension
    static final ClusterFixture<SparkStandalone> CLUSTER = ClusterFixture.standalone();

    private static final TrainingRuns RUNS = new TrainingRuns(CLUSTER);

    @BeforeAll
    @Timeout(300)
    static void prepareAndTrainOneRank() throws Exception {
        RUNS.prepareAndTrainOneRank();
        assertThat(RUNS.inspectedWeights("one")).isEqualTo(RUNS.weights("one"));
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenAnExecutorIsKilledAndRefuseASecondDriverMeanwhile() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("killed", RUNS.onSpark(RUNS.train("killed")));
        RUNS.awaitCheckpoint("killed", 40);
        RUNS.killAnExecutor(0);
        JavaProcess second = CLUSTER.polyglow("second", RUNS.onSpark("resume", CLUSTER.onHdfs("killed")));
        assertThat(second.awaitExit(SHORT)).isEqualTo(USAGE);
        assertThat(second.log())
                .contains("is in use by process " + driver.handle().pid());

        assertThat(driver.awaitExit(LONG)).as(driver.log()).isZero();
        assertThat(driver.log()).contains("Done at step " + STEPS + " after 1 restart");
        RUNS.requireWhatOneRankComputed("killed");
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenTheDriverIsKilledAndTheRunGoesOnOnAnotherLayout() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("orphan", RUNS.onSpark(RUNS.train("orphan")));
        RUNS.awaitCheckpoint("orphan", 40);
        driver.kill();
        driver.awaitExit(SHORT);
        Await.until("executors end with their driver", SHORT, () -> CLUSTER.manager()
                .executors()
                .isEmpty());

        String[] resume = RUNS.onSpark("resume", CLUSTER.onHdfs("orphan"), "--set", "layout.data=1");
        assertThat(CLUSTER.run("resumed", LONG, resume)).contains("Done at step " + STEPS);
        RUNS.requireWhatOneRankComputed("orphan");
    }

    @Test
    @Tag("nightly")
    void shouldEndWithTheWeightsOfOneRankUnderASeededScheduleOfKills() throws Exception {
        SplittableRandom random = new SplittableRandom(20261123);
        JavaProcess driver = CLUSTER.polyglow("schedule", RUNS.onSpark(RUNS.train("schedule")));
        for (int step = 40; step < STEPS; step += 40) {
            RUNS.awaitCheckpoint("schedule", step);
            RUNS.killAnExecutor(random.nextInt(4));
        }
        assertThat(driver.awaitExit(LONG)).as(driver.log()).isZero();
        RUNS.requireWhatOneRankComputed("schedule");
    }
}
