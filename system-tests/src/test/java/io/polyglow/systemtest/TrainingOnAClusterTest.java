package io.polyglow.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    private static final Duration SHORT = Duration.ofMinutes(2);
    private static final Duration LONG = Duration.ofMinutes(4);
    private static final int STEPS = 160;
    private static final int USAGE = 64;

    @RegisterExtension
    static final ClusterFixture CLUSTER = new ClusterFixture();

    private static String weightsOfOneRank;
    private static List<String> lossesOfOneRank;

    @BeforeAll
    @Timeout(300)
    static void prepareAndTrainOneRank() throws Exception {
        String sample = CLUSTER.work().resolve("sample").toString();
        CLUSTER.run("sample", SHORT, "sample", "--output", sample, "--numbers", "2000", "--lines-per-language", "300");
        CLUSTER.run(
                "prepare",
                LONG,
                "prepare",
                config("prepare"),
                "--master",
                CLUSTER.master(),
                "--conf",
                "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1", // they live for a minute
                "--conf",
                "spark.executor.cores=2", // one on each worker
                "--conf",
                "spark.sql.shuffle.partitions=4",
                "--set",
                "input=" + sample + "/train",
                "--set",
                "output=" + CLUSTER.onHdfs("corpus"));
        CLUSTER.run("one-rank", LONG, train("one", "layout.data=1", "layout.pipeline=1"));
        weightsOfOneRank = weights("one");
        assertThat(inspectedWeights("one")).isEqualTo(weightsOfOneRank);
        lossesOfOneRank = losses("one");
        assertThat(lossesOfOneRank).hasSize(STEPS).doesNotHaveDuplicates();
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenAnExecutorIsKilledAndRefuseASecondDriverMeanwhile() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("killed", onSpark(train("killed")));
        awaitCheckpoint("killed", 40);
        killAnExecutor(0);
        JavaProcess second = CLUSTER.polyglow("second", onSpark("resume", CLUSTER.onHdfs("killed")));
        assertThat(second.awaitExit(SHORT)).isEqualTo(USAGE);
        assertThat(second.log())
                .contains("is in use by process " + driver.handle().pid());

        assertThat(driver.awaitExit(LONG)).as(driver.log()).isZero();
        assertThat(driver.log()).contains("Done at step " + STEPS + " after 1 restart");
        assertThat(losses("killed")).isEqualTo(lossesOfOneRank);
        assertThat(weights("killed")).isEqualTo(weightsOfOneRank);
    }

    @Test
    void shouldEndWithTheWeightsOfOneRankWhenTheDriverIsKilledAndTheRunGoesOnOnAnotherLayout() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("orphan", onSpark(train("orphan")));
        awaitCheckpoint("orphan", 40);
        driver.kill();
        driver.awaitExit(SHORT);
        Await.until("executors end with their driver", SHORT, () -> CLUSTER.spark()
                .executors()
                .isEmpty());

        String[] resume = onSpark("resume", CLUSTER.onHdfs("orphan"), "--set", "layout.data=1");
        assertThat(CLUSTER.run("resumed", LONG, resume)).contains("Done at step " + STEPS);
        assertThat(losses("orphan")).isEqualTo(lossesOfOneRank);
        assertThat(weights("orphan")).isEqualTo(weightsOfOneRank);
    }

    @Test
    @Tag("nightly")
    void shouldEndWithTheWeightsOfOneRankUnderASeededScheduleOfKills() throws Exception {
        SplittableRandom random = new SplittableRandom(20261123);
        JavaProcess driver = CLUSTER.polyglow("schedule", onSpark(train("schedule")));
        for (int step = 40; step < STEPS; step += 40) {
            awaitCheckpoint("schedule", step);
            killAnExecutor(random.nextInt(4));
        }
        assertThat(driver.awaitExit(LONG)).as(driver.log()).isZero();
        assertThat(losses("schedule")).isEqualTo(lossesOfOneRank);
        assertThat(weights("schedule")).isEqualTo(weightsOfOneRank);
    }

    private static void awaitCheckpoint(String run, int step) {
        String manifest = CLUSTER.onHdfs(run) + "/checkpoints/step-" + String.format("%08d", step) + "/manifest.json";
        Await.until("checkpoint of step " + step, LONG, () -> CLUSTER.exists(manifest));
    }

    private static void killAnExecutor(int which) {
        List<ProcessHandle> executors = CLUSTER.spark().executors();
        assertThat(executors).hasSize(4);
        executors.get(which).destroyForcibly();
    }

    /** A small model whose training takes some seconds, so that there is time to kill. */
    private static String[] train(String run, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "data=" + CLUSTER.onHdfs("corpus"),
                "run=" + CLUSTER.onHdfs(run),
                "steps=" + STEPS,
                "layout.data=2",
                "layout.pipeline=2",
                "batch.global=8",
                "batch.micro=1",
                "model.channels=64",
                "model.context=64",
                "checkpoint.every=40",
                "checkpoint.keep=0",
                "evaluate.every=80",
                "evaluate.sequences=16"));
        settings.addAll(List.of(more));
        List<String> arguments = new ArrayList<>(List.of("train", config("train")));
        settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments.toArray(String[]::new);
    }

    private static String[] onSpark(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--master", CLUSTER.master(), "--conf", "spark.executor.memory=512m"));
        return all.toArray(String[]::new);
    }

    private static String config(String kind) {
        return System.getProperty("polyglow.root") + "/configs/" + kind + "/nano.yaml";
    }

    private static List<String> losses(String run) throws IOException {
        return LossCurve.of(CLUSTER.read(CLUSTER.onHdfs(run) + "/metrics.jsonl"));
    }

    private static String weights(String run) throws IOException {
        try (Store store = Stores.open(CLUSTER.onHdfs(run))) {
            return new CheckpointDirectory(store).open(STEPS).weightsSha256();
        }
    }

    private static String inspectedWeights(String run) throws InterruptedException {
        String output = CLUSTER.run("inspect-" + run, SHORT, "inspect", CLUSTER.onHdfs(run), "--json");
        String json = output.substring(output.indexOf("\n{") + 1);
        return Json.parseObject("inspect", json.getBytes(StandardCharsets.UTF_8))
                .getString("weights_sha256");
    }
}
