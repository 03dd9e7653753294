package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a process with the logging of a real one prints when ranks fail for reasons that a person can act on: one paragraph, written by who ran the job. */
@Timeout(240)
class FailureOutputTest {
    @TempDir
    Path folder;

    @Test
    void shouldPrintNoStackTraceButKeepItInTheRanksLog() throws Exception {
        Path corpus = folder.resolve("corpus");
        TinyCorpus.write(corpus);
        Path damaged = folder.resolve("damaged");
        TinyCorpus.write(damaged);
        flipLastByte(damaged.resolve("train-00000.bin"));
        Files.createDirectories(folder.resolve("environment"));
        Files.writeString(folder.resolve("environment/logs"), "a file where the rank needs a folder");
        List<String> lines = run(
                folder.resolve("data") + " data=" + damaged,
                folder.resolve("numeric") + " optimizer.learning-rate=1e30 data=" + corpus,
                folder.resolve("usage") + " engine=nd4j data=" + corpus,
                folder.resolve("environment") + " data=" + corpus);
        assertThat(lines).containsExactly("DATA true", "NUMERIC true", "USAGE true", "ENVIRONMENT true");
        for (String run : List.of("data", "numeric", "usage")) {
            assertThat(Files.readString(folder.resolve(run).resolve("logs/rank-0.jsonl")))
                    .contains("\"stack_trace\":\"io.polyglow.common.error.PolyglowException: ")
                    .contains("\\tat io.polyglow.");
        }
    }

    /** The lines of a process that runs these jobs, without what every JVM says of its incubator modules. */
    private static List<String> run(String... jobs) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx1g"));
        command.addAll(List.of(System.getProperty("polyglow.jvm.options").split(" ")));
        command.add("-Dlog4j2.configurationFile=" + System.getProperty("polyglow.root")
                + "/spark-home/conf/log4j2.properties");
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FailingJobsMain.class.getName()));
        command.addAll(List.of(jobs));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines()
                .filter(line -> !line.contains("incubator modules"))
                .toList();
    }

    private static void flipLastByte(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }
}
