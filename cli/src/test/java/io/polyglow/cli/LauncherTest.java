package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher says before there is a JVM to say it. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of(System.getProperty("polyglow.root"), "polyglow");

    @TempDir
    Path directory;

    private record Outcome(int exitCode, String text) {}

    private Outcome launch(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("bash", LAUNCHER.toString(), "--version")
                .directory(directory.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), text);
    }

    @Test
    void shouldSayWhatToInstallWhenThereIsNoJava() throws Exception {
        Outcome outcome = launch(Map.of("JAVA_HOME", "/nonexistent"));
        assertThat(outcome.exitCode()).isEqualTo(69);
        assertThat(outcome.text())
                .startsWith("polyglow: found no java in JAVA_HOME=/nonexistent.")
                .contains("apt-get install openjdk-17-jdk-headless maven");
    }

    @Test
    void shouldRefuseAnOldJava() throws Exception {
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho '    java.specification.version = 11' >&2\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Outcome outcome = launch(Map.of("JAVA_HOME", directory.resolve("jdk").toString()));
        assertThat(outcome.exitCode()).isEqualTo(69);
        assertThat(outcome.text()).contains("is Java 11. Polyglow needs a JDK, 17 or newer");
    }
}
