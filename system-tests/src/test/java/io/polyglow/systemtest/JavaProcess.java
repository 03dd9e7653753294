package io.polyglow.systemtest;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A JVM of its own whose output goes to a log file. Closing kills it and whatever it started. */
final class JavaProcess implements AutoCloseable {
    private final String name;
    private final Process process;
    private final Path log;

    private JavaProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** What to start. */
    record Spec(
            String name,
            List<String> jvmOptions,
            String classPath,
            Map<String, String> environment,
            List<String> main) {}

    /** Starts it on this machine in {@code directory}, where its log will be {@code NAME.log}. */
    static JavaProcess start(Path directory, Spec spec) {
        return start(Host.LOOPBACK, directory, spec);
    }

    /** The same on a host, from where {@code directory} is the same. */
    static JavaProcess start(Host host, Path directory, Spec spec) {
        try {
            Files.createDirectories(directory);
            Path log = directory.resolve(spec.name() + ".log");
            List<String> command = new ArrayList<>(host.enter());
            command.add(ProcessHandle.current().info().command().orElse("java"));
            command.addAll(spec.jvmOptions());
            command.addAll(List.of("-cp", spec.classPath()));
            command.addAll(spec.main());
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().putAll(spec.environment());
            return new JavaProcess(spec.name(), builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For a process that has little to compute: what C2 would compile costs those beside it more than it saves. */
    static List<String> optionsWithoutC2(String heap) {
        return List.of("-Xmx" + heap, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String log() {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last {@code bytes} of the log, for reports of failures. */
    String logTail(int bytes) {
        return tail(log, bytes);
    }

    /** The last {@code bytes} of a file under a title. */
    static String tail(Path log, int bytes) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            byte[] tail = new byte[(int) Math.min(bytes, file.length())];
            file.seek(file.length() - tail.length);
            file.readFully(tail);
            return "==== " + log + "\n" + new String(tail, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "==== " + log + " cannot be read: " + e;
        }
    }

    /** Waits until the log has a match. */
    Matcher awaitLog(String regex, Duration timeout) {
        Matcher[] found = new Matcher[1];
        Pattern pattern = Pattern.compile(regex);
        Await.until(name + " logs " + regex, timeout, () -> {
            found[0] = pattern.matcher(log());
            if (found[0].find()) {
                return true;
            }
            if (!process.isAlive()) {
                throw new AssertionError(name + " ended with " + process.exitValue() + " before it logged " + regex
                        + "\n" + logTail(8_000));
            }
            return false;
        });
        return found[0];
    }

    /** Waits for the end and returns the exit code. */
    int awaitExit(Duration timeout) throws InterruptedException {
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " did not end within " + timeout + "\n" + logTail(8_000));
        }
        return process.exitValue();
    }

    /** {@code kill -9}. */
    void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
