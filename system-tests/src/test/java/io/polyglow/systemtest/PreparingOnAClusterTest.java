package io.polyglow.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Preparing a corpus on two workers, every stage on, while executors or the driver die between stages: the output is that of an undisturbed run. */
@Timeout(900)
@Tag("nightly")
class PreparingOnAClusterTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    @RegisterExtension
    static final ClusterFixture<SparkStandalone> CLUSTER = ClusterFixture.standalone();

    private static JsonObject undisturbed;
    private static int stages;

    @BeforeAll
    @Timeout(600)
    static void prepareUndisturbed() throws Exception {
        CLUSTER.run(
                "sample",
                LONG,
                "sample",
                "--output",
                sample().toString(),
                "--numbers",
                "1000",
                "--lines-per-language",
                "300");
        Matcher first =
                Pattern.compile("(?m)^  1/(\\d+) ").matcher(CLUSTER.run("undisturbed", LONG, prepare("undisturbed")));
        assertThat(first.find()).isTrue();
        stages = Integer.parseInt(first.group(1));
        undisturbed = manifest("undisturbed");
        assertThat(stages).isGreaterThan(11);
    }

    @Test
    void shouldMakeTheSameCorpusWhenAnExecutorIsKilledAtEveryStageBoundary() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("executors", prepare("executors"));
        for (int stage = 1; stage < stages; stage++) {
            driver.awaitLog(endOf(stage), LONG);
            CLUSTER.manager().executors().stream().findAny().ifPresent(ProcessHandle::destroyForcibly);
        }

        assertThat(driver.awaitExit(LONG)).as(driver.logTail(4000)).isZero();
        assertThat(manifest("executors").toString()).isEqualTo(undisturbed.toString());
    }

    @Test
    void shouldMakeTheSameCorpusWhenTheDriverIsKilledAtEveryStageBoundary() throws Exception {
        for (int stage = 1; stage < stages; stage++) {
            JavaProcess driver = CLUSTER.polyglow("driver-" + stage, prepare("drivers"));
            driver.awaitLog(endOf(stage), LONG);
            driver.kill();
            driver.awaitExit(LONG);
            assertThat(CLUSTER.exists(CLUSTER.onHdfs("drivers")))
                    .as("output after the driver was killed in stage " + (stage + 1))
                    .isFalse();
        }

        String log = CLUSTER.run("driver-last", LONG, prepare("drivers"));
        assertThat(log).contains("write shards (unchanged)");
        assertThat(manifest("drivers").toString()).isEqualTo(undisturbed.toString());
    }

    /** The line that tells that a stage is over. */
    private static String endOf(int stage) {
        return "(?m)^  " + stage + "/" + stages + " ";
    }

    private static JsonObject manifest(String output) throws Exception {
        byte[] json = CLUSTER.read(CLUSTER.onHdfs(output) + "/manifest.json").getBytes(StandardCharsets.UTF_8);
        return Json.parseObject(output, json);
    }

    private static Path sample() {
        return CLUSTER.work().resolve("sample");
    }

    /** An executor on each worker, filters that the sample passes, near-duplicates, passages and an evaluation set. */
    private static String[] prepare(String output) {
        List<String> settings = List.of(
                "input=" + sample() + "/train",
                "output=" + CLUSTER.onHdfs(output),
                "filter.on=true",
                "filter.language-score=0",
                "filter.gopher-quality.on=false",
                "filter.gopher-repetition.on=false",
                "filter.fineweb.on=false",
                "filter.c4.on=false",
                "dedup.near.enabled=true",
                "dedup.lines.min-documents=100",
                "decontamination.sets={held-out: " + sample() + "/heldout.jsonl}",
                "decontamination.words=3",
                "decontamination.shortest=3",
                "decontamination.action=report");
        List<String> arguments = new ArrayList<>(List.of(
                "prepare",
                System.getProperty("polyglow.root") + "/configs/prepare/nano.yaml",
                "--master",
                CLUSTER.master(),
                "--conf",
                "spark.executor.memory=1g",
                "--conf",
                "spark.executor.cores=2"));
        settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments.toArray(String[]::new);
    }
}
