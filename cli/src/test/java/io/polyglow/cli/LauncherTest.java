package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the launcher says before there is a JVM to say it, and how it starts that JVM. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of(System.getProperty("polyglow.root"), "polyglow");

    @TempDir
    Path directory;

    private record Outcome(int exitCode, String text) {}

    private Outcome launch(Map<String, String> environment) throws IOException, InterruptedException {
        return launch(LAUNCHER, environment);
    }

    private Outcome launch(Path launcher, Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("bash", launcher.toString(), "--version")
                .directory(directory.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), text);
    }

    /** A JDK whose java does this. */
    private String jdk(String script) throws IOException {
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\n" + script);
        assertThat(java.toFile().setExecutable(true)).isTrue();
        return directory.resolve("jdk").toString();
    }

    /** A checkout that is built already, on a machine with these control groups; its java tells how it was started. */
    private Outcome launchBuilt(Map<String, String> groups, Map<String, String> environment) throws Exception {
        Path root = directory.resolve("checkout");
        for (String source : List.of("x/src/main", "engines/x/src/main", "spark-home/conf", "dist")) {
            Files.createDirectories(root.resolve(source));
        }
        for (String pom : List.of("pom.xml", "x/pom.xml", "engines/x/pom.xml")) {
            Files.writeString(root.resolve(pom), "");
        }
        Files.writeString(root.resolve("dist/jvm.options"), "-Done=1\n");
        for (Map.Entry<String, String> group : groups.entrySet()) {
            Path file = directory.resolve(group.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, group.getValue() + "\n");
        }
        String script = Files.readString(LAUNCHER)
                .replace("/sys/fs/cgroup", directory + "/sys")
                .replace("/proc/self/cgroup", directory + "/cgroup");
        Path launcher = Files.writeString(root.resolve("polyglow"), script);
        Files.writeString(root.resolve("dist/.complete"), "");
        String java =
                """
                case $1 in -XshowSettings*) echo 'java.specification.version = 17' >&2; exit ;; esac
                echo "LC_ALL=$LC_ALL $*"
                """;
        Map<String, String> all = new HashMap<>(environment);
        all.put("JAVA_HOME", jdk(java));
        return launch(launcher, all);
    }

    @ParameterizedTest
    @CsvSource({
        "0::/, sys/memory.max, 1073741824, -Xmx512m",
        "0::/a.slice/b, sys/a.slice/b/memory.max, 536870912, -Xmx256m",
        "4:memory:/docker/1, sys/memory/docker/1/memory.limit_in_bytes, 805306368, -Xmx384m",
        "4:memory:/docker/1, sys/memory/memory.limit_in_bytes, 805306368, -Xmx384m"
    })
    void shouldTakeHalfOfWhatItsControlGroupMayHave(String group, String file, String limit, String heap)
            throws Exception {
        Outcome outcome = launchBuilt(Map.of("cgroup", group, file, limit), Map.of());

        assertThat(outcome.text()).contains(" " + heap + " ");
    }

    @Test
    void shouldTakeHalfOfTheMachineWhereNothingIsLimited() throws Exception {
        String without = launchBuilt(Map.of(), Map.of()).text();

        assertThat(without).containsPattern(" -Xmx[0-9]+m ");
        assertThat(launchBuilt(
                                Map.of(
                                        "sys/memory.max",
                                        "max",
                                        "sys/memory/memory.limit_in_bytes",
                                        "9223372036854771712"),
                                Map.of())
                        .text())
                .isEqualTo(without);
    }

    @ParameterizedTest
    @CsvSource({"C, C.UTF-8", "POSIX, C.UTF-8", "C.UTF-8, C.UTF-8", "C.utf8, C.utf8"})
    void shouldStartJavaInALocaleOfUtf8(String given, String used) throws Exception {
        assertThat(launchBuilt(Map.of(), Map.of("LC_ALL", given)).text()).startsWith("LC_ALL=" + used + " ");
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
        Outcome outcome = launch(Map.of("JAVA_HOME", jdk("echo '    java.specification.version = 11' >&2\n")));
        assertThat(outcome.exitCode()).isEqualTo(69);
        assertThat(outcome.text()).contains("is Java 11. Polyglow needs a JDK, 17 or newer");
    }
}
