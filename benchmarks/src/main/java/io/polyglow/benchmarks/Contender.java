package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program that can do the work of a plan, in a process of its own: {@code COMMAND... VERB FOLDER RESULT} reads {@code FOLDER/plan.json} and writes the JSON file
 * {@code RESULT}.
 *
 * @param name in tables and file names
 * @param command the program with its options, without the verb
 * @param environment added to that of this process
 */
record Contender(String name, List<String> command, Map<String, String> environment) {
    private static final int TAIL_LINES = 25;

    /** The same with a heap of so many MiB, if it runs on the JVM. */
    Contender withHeap(long mebibytes) {
        List<String> words = command.stream()
                .map(word -> word.startsWith("-Xmx") ? "-Xmx" + mebibytes + "m" : word)
                .toList();
        return new Contender(name, words, environment);
    }

    /** Takes the plan's steps. */
    Measurement train(WorkFolder folder, String label, long timeoutSeconds) throws IOException {
        try (DeviceWatch device = new DeviceWatch()) {
            Measurement measurement = Measurement.parse(run(folder, "train", label, timeoutSeconds));
            return measurement.withDeviceBytes(device.peakBytes());
        }
    }

    /** Runs one verb; what it printed is in {@code NAME-LABEL.log}. A failure is an ENVIRONMENT error with the end of it. */
    JsonObject run(WorkFolder folder, String verb, String label, long timeoutSeconds) throws IOException {
        Path log = folder.file(name + "-" + label + ".log");
        String result = name + "-" + label + ".json";
        Files.deleteIfExists(folder.file(result));
        List<String> line = new ArrayList<>(command);
        line.addAll(List.of(verb, folder.root().toString(), folder.file(result).toString()));
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.redirectInput(new File("/dev/null"));
        builder.environment().putAll(environment);
        MemoryWatch memory = new MemoryWatch(builder.start());
        int exit = await(memory, log, timeoutSeconds);
        if (exit != 0 || !Files.exists(folder.file(result))) {
            String tail = tail(log);
            String why = memory.ranOut(exit, tail) ? " did not get the memory that it needs: it" : "";
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    name + why + " ended with exit code " + exit + ", having held " + memory.held()
                            + "; all of its output is in " + log + ", the end of it is:\n" + tail);
        }
        return folder.json(result);
    }

    private int await(MemoryWatch memory, Path log, long timeoutSeconds) {
        Process process = memory.process();
        try {
            for (long second = 0; second < timeoutSeconds; second++) {
                if (process.waitFor(1, TimeUnit.SECONDS)) {
                    return process.exitValue();
                }
                memory.look();
            }
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    name + " did not end within " + timeoutSeconds + " s (--timeout); it held " + memory.held()
                            + ", and all of its output is in " + log);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "interrupted while " + name + " ran", e);
        } finally {
            end(process);
        }
    }

    /** JMH computes in a process that it starts; that must not go on beside what is timed next. */
    private static void end(Process process) {
        List<ProcessHandle> started = process.descendants().toList();
        process.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
    }

    private static String tail(Path log) throws IOException {
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
}
