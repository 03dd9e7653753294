package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A rank in a JVM of its own, which runs {@link RankProcessMain}; parent and child talk in lines over the child's standard streams. */
final class RankProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader fromChild;
    private final PrintWriter toChild;

    private RankProcess(Process process) {
        this.process = process;
        this.fromChild = process.inputReader(StandardCharsets.UTF_8);
        this.toChild = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    /** Starts one rank of {@code data} and tells it nothing yet. */
    static RankProcess start(List<String> jvmOptions, int rank, int data, int epoch, String... task)
            throws IOException {
        List<String> command = new ArrayList<>(
                List.of(System.getProperty("java.home") + "/bin/java", "-Xmx1g", "-XX:TieredStopAtLevel=1"));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), RankProcessMain.class.getName()));
        command.addAll(List.of(String.valueOf(rank), String.valueOf(data), String.valueOf(epoch)));
        command.addAll(List.of(task));
        return new RankProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Starts all ranks of one attempt and tells them each other's addresses; {@code task} is an argument of the main class. */
    static List<RankProcess> startAll(Medium medium, int data, int epoch, String... task) throws IOException {
        List<String> jvmOptions =
                List.of(System.getProperty("polyglow.jvm.options").split(" "));
        List<RankProcess> ranks = new ArrayList<>();
        for (int rank = 0; rank < data; rank++) {
            ranks.add(start(jvmOptions, rank, data, epoch, task));
        }
        StringBuilder addresses = new StringBuilder();
        for (RankProcess rank : ranks) {
            addresses.append(medium.address(rank.await("address "))).append(' ');
        }
        for (RankProcess rank : ranks) {
            rank.toChild.println(addresses.toString().trim());
        }
        return ranks;
    }

    /** Reads the child's lines up to the first that starts with {@code prefix}; returns the rest of that line. */
    String await(String prefix) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = fromChild.readLine(); line != null; line = fromChild.readLine()) {
            if (line.startsWith(prefix)) {
                return line.substring(prefix.length());
            }
            seen.append(line).append('\n');
        }
        throw new AssertionError("the rank ended without saying '" + prefix + "':\n" + seen);
    }

    long pid() {
        return process.pid();
    }

    /** SIGKILL; returns when the process is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Returns when the process is gone, and all that it does at its end is done. */
    void awaitEnd() throws InterruptedException {
        process.waitFor();
    }

    /** SIGSTOP, and SIGCONT after a while. */
    void pauseFor(Duration pause) throws IOException, InterruptedException {
        signal("STOP");
        assertThat(process.waitFor(pause.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
