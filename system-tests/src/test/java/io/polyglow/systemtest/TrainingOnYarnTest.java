package io.polyglow.systemtest;

import static io.polyglow.systemtest.TrainingRuns.LONG;
import static io.polyglow.systemtest.TrainingRuns.SHORT;
import static io.polyglow.systemtest.TrainingRuns.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The same road on YARN: executors in containers of two nodes, the driver here or in a container too. */
@Timeout(600)
@Tag("nightly")
class TrainingOnYarnTest {
    private static final int ENVIRONMENT = 69;

    @RegisterExtension
    static final ClusterFixture<Yarn> CLUSTER = ClusterFixture.yarn();

    private static final TrainingRuns RUNS = new TrainingRuns(CLUSTER);

    @BeforeAll
    @Timeout(400)
    static void prepareAndTrainOneRank() throws Exception {
        RUNS.prepareAndTrainOneRank("spark.executor.instances=2", "spark.executor.memory=512m");
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenAContainerIsKilled() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("killed", RUNS.onSpark(RUNS.train("killed")));
        RUNS.awaitCheckpoint("killed", 40);
        RUNS.killAnExecutor(0);

        assertThat(driver.awaitExit(LONG)).as(driver.log()).isZero();
        assertThat(driver.log()).contains("Done at step " + STEPS + " after 1 restart");
        RUNS.requireWhatOneRankComputed("killed");
    }

    @Test
    void shouldGoOnByItselfWhenTheDriverOnTheClusterIsKilledAndTellYarnThatItEndedWell() throws Exception {
        String submitted = CLUSTER.run("submitted", SHORT, detached(RUNS.train("detached")));
        String id = submitted.replaceFirst("(?s).*Submitted: (application_\\S+) .*", "$1");
        RUNS.awaitCheckpoint("detached", 40);
        CLUSTER.manager().drivers().forEach(ProcessHandle::destroyForcibly);

        RUNS.awaitCheckpoint("detached", STEPS);
        CLUSTER.manager().awaitEnd(id, "SUCCEEDED", SHORT);
        RUNS.requireWhatOneRankComputed("detached");
    }

    @Test
    void shouldSayWhyYarnDoesNotRunAJob() throws Exception {
        JavaProcess large = refused("large", "spark.executor.memory=3g");
        assertThat(large.log()).contains("is above the max threshold (" + Yarn.LARGEST_CONTAINER_MIB + " MB)");
        JavaProcess queue = refused("queue", "spark.yarn.queue=nosuch");
        assertThat(queue.log()).contains("YARN refused the application: ", "unknown queue: nosuch");
        JavaProcess java = refused("java", "spark.yarn.appMasterEnv.JAVA_HOME=/nonexistent");
        assertThat(java.log())
                .contains("YARN ended the application: ", "/nonexistent/bin/java: No such file or directory")
                .contains("yarn logs -applicationId application_");
        JavaProcess executors =
                refused("executors", "spark.executorEnv.JAVA_HOME=/nonexistent", "spark.executor.maxNumFailures=4");
        assertThat(executors.log())
                .contains("/nonexistent/bin/java: No such file or directory")
                .contains("no executor could start", "set spark.executorEnv.JAVA_HOME");
    }

    @Test
    void shouldSayWhyYarnDoesNotStartAJobYetAndStartItWhenItDoes() throws Exception {
        JavaProcess first = CLUSTER.polyglow("first", inNarrowQueue(RUNS.onSpark(RUNS.train("first", "steps=100000"))));
        first.awaitLog("attempt 1 on 4 ranks", SHORT);
        JavaProcess second = CLUSTER.polyglow(
                "second",
                inNarrowQueue(RUNS.preparing(RUNS.text(), CLUSTER.onHdfs("second"), "spark.executor.memory=512m")));
        second.awaitLog(
                "Waiting for YARN to start application_\\S+ in queue " + Yarn.NARROW
                        + ", .*; YARN says: .*AM resource limit exceeded",
                SHORT);

        first.close();
        second.awaitLog("prepare +\\[", SHORT);
        second.close();
    }

    private static String[] inNarrowQueue(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--conf", "spark.yarn.queue=" + Yarn.NARROW));
        return all.toArray(String[]::new);
    }

    private static JavaProcess refused(String run, String... properties) throws InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(RUNS.onSpark(RUNS.train(run))));
        for (String property : properties) {
            arguments.addAll(List.of("--conf", property));
        }
        JavaProcess process = CLUSTER.polyglow(run, arguments.toArray(String[]::new));
        assertThat(process.awaitExit(SHORT)).as(process.log()).isEqualTo(ENVIRONMENT);
        assertThat(process.log()).doesNotContain("\tat ", "bug of ours");
        return process;
    }

    private static String[] detached(String... train) {
        List<String> arguments = new ArrayList<>(List.of(RUNS.onSpark(train)));
        arguments.addAll(List.of("--deploy-mode", "cluster", "--conf", "spark.driver.memory=512m"));
        return arguments.toArray(String[]::new);
    }
}
