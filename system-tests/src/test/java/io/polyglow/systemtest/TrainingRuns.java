package io.polyglow.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A corpus prepared on a cluster, what one rank makes of it, undisturbed, and runs of a layout of four ranks that must come to the same. */
final class TrainingRuns {
    static final Duration SHORT = Duration.ofMinutes(2);
    static final Duration LONG = Duration.ofMinutes(4);
    static final int STEPS = 160;

    static final String CORPUS = "corpus";

    private final ClusterFixture<?> cluster;
    private String weightsOfOneRank = "";
    private List<String> lossesOfOneRank = List.of();

    TrainingRuns(ClusterFixture<?> cluster) {
        this.cluster = cluster;
    }

    /** Prepares {@link #CORPUS} and trains one rank in a process of its own; {@code settings} are more Spark properties for the first. */
    void prepareAndTrainOneRank(String... settings) throws Exception {
        prepare(CORPUS, settings);
        cluster.run("one-rank", LONG, train("one", "layout.data=1", "layout.pipeline=1"));
        weightsOfOneRank = weights("one");
        lossesOfOneRank = losses("one");
        assertThat(lossesOfOneRank).hasSize(STEPS).doesNotHaveDuplicates();
    }

    /** Prepares a corpus. */
    void prepare(String corpus, String... settings) throws InterruptedException {
        cluster.run("sample", SHORT, sample(cluster.work().resolve("sample").toString()));
        cluster.run("prepare", LONG, preparing(text(), cluster.onHdfs(corpus), settings));
    }

    /** The command that makes text to prepare. */
    String[] sample(String directory) {
        return new String[] {"sample", "--output", directory, "--numbers", "2000", "--lines-per-language", "300"};
    }

    /** Where {@link #prepare} has its text from. */
    String text() {
        return cluster.work().resolve("sample").resolve("train").toString();
    }

    /** The command that prepares a corpus with two cores for each executor. */
    String[] preparing(String input, String output, String... settings) {
        List<String> prepare = new ArrayList<>(List.of("prepare", config("prepare"), "--master", cluster.master()));
        List<String> properties = new ArrayList<>(List.of(
                "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1", // they live for a minute
                "spark.executor.cores=2",
                "spark.sql.shuffle.partitions=4"));
        properties.addAll(Arrays.asList(settings));
        properties.forEach(property -> prepare.addAll(List.of("--conf", property)));
        prepare.addAll(List.of("--set", "input=" + input, "--set", "output=" + output));
        return prepare.toArray(String[]::new);
    }

    /** A small model whose training takes some seconds, so that there is time to kill. */
    String[] train(String run, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "data=" + cluster.onHdfs(CORPUS),
                "run=" + cluster.onHdfs(run),
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

    /** The command, on executors of the cluster. */
    String[] onSpark(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--master", cluster.master(), "--conf", "spark.executor.memory=512m"));
        return all.toArray(String[]::new);
    }

    void awaitCheckpoint(String run, int step) {
        String manifest = cluster.onHdfs(run) + "/checkpoints/step-" + String.format("%08d", step) + "/manifest.json";
        Await.until("checkpoint of step " + step, LONG, () -> cluster.exists(manifest));
    }

    /** Kills one of four executors. */
    void killAnExecutor(int which) {
        List<ProcessHandle> executors = cluster.manager().executors();
        assertThat(executors).hasSize(4);
        executors.get(which).destroyForcibly();
    }

    void requireWhatOneRankComputed(String run) throws IOException {
        assertThat(losses(run)).isEqualTo(lossesOfOneRank);
        assertThat(weights(run)).isEqualTo(weightsOfOneRank);
    }

    String weights(String run) throws IOException {
        try (Store store = Stores.open(cluster.byAddress(cluster.onHdfs(run)))) {
            return new CheckpointDirectory(store).open(STEPS).weightsSha256();
        }
    }

    /** The weights as {@code polyglow inspect} tells them. */
    String inspectedWeights(String run) throws InterruptedException {
        String name = "inspect-" + run.replace('/', '-');
        String output = cluster.run(name, SHORT, "inspect", cluster.onHdfs(run), "--json");
        String json = output.substring(output.indexOf("\n{") + 1);
        return Json.parseObject("inspect", json.getBytes(StandardCharsets.UTF_8))
                .getString("weights_sha256");
    }

    /** The events of a kind in the logs of the four ranks. */
    List<JsonObject> events(String run, String event) throws IOException {
        List<JsonObject> events = new ArrayList<>();
        for (int rank = 0; rank < 4; rank++) {
            String log = cluster.onHdfs(run) + "/logs/rank-" + rank + ".jsonl";
            for (String line : cluster.read(log).lines().toList()) {
                events.add(Json.parseObject(log, line.getBytes(StandardCharsets.UTF_8)));
            }
        }
        events.removeIf(json -> !json.getString("event").equals(event));
        return events;
    }

    private List<String> losses(String run) throws IOException {
        return LossCurve.of(cluster.read(cluster.onHdfs(run) + "/metrics.jsonl"));
    }

    private static String config(String kind) {
        return System.getProperty("polyglow.root") + "/configs/" + kind + "/nano.yaml";
    }
}
