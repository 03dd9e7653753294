package io.polyglow.systemtest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code polyglow} commands as processes in one folder. Closing kills those that still run. */
final class Commands implements AutoCloseable {
    private static final int TAIL_BYTES = 6_000;

    private final Path work;
    private final Path sparkHome;
    private final List<String> settings;
    private final Map<String, String> environment;
    private final Security security;
    private final List<JavaProcess> started = new ArrayList<>();

    /** Commands on this machine. */
    Commands(Path work, Path sparkHome) {
        this(work, sparkHome, List.of(), Map.of("SPARK_LOCAL_IP", "127.0.0.1"), Security.NONE);
    }

    /** Commands beside a cluster, as somebody would start them who uses it. */
    Commands(Path work, Path sparkHome, ClusterManager manager, Security security) {
        this(work, sparkHome, manager.settings(), manager.environment(), security);
    }

    private Commands(
            Path work, Path sparkHome, List<String> settings, Map<String, String> environment, Security security) {
        this.work = work;
        this.sparkHome = sparkHome;
        this.settings = settings;
        this.security = security;
        this.environment = new HashMap<>(environment);
        this.environment.putAll(Map.of("SPARK_HOME", sparkHome.toString(), "SPARK_SCALA_VERSION", "2.12"));
    }

    /** All commands so far. */
    List<JavaProcess> started() {
        return started;
    }

    /** Starts {@code polyglow arguments...} as the user; its output is in {@code NAME.log}. */
    JavaProcess start(String name, String... arguments) {
        return start(name, security.user(), arguments);
    }

    /** The same as somebody without an identity. */
    JavaProcess startAsNobody(String name, String... arguments) {
        return start(name, Map.of(), arguments);
    }

    private JavaProcess start(String name, Map<String, String> identity, String... arguments) {
        String root = System.getProperty("polyglow.root");
        List<String> options = new ArrayList<>(ClassPaths.jvmOptions());
        options.add("-Dpolyglow.root=" + root);
        boolean executorsCompute = List.of(arguments).contains("--master");
        options.addAll(executorsCompute ? JavaProcess.optionsWithoutC2("512m") : List.of("-Xmx512m"));
        options.addAll(security.jvmOptions());
        List<String> main = new ArrayList<>(List.of("io.polyglow.cli.Main"));
        main.addAll(List.of(arguments));
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(identity);
        List<String> classPath = new ArrayList<>(settings);
        classPath.addAll(List.of(root + "/spark-home/conf", ClassPaths.polyglow(), ClassPaths.clients(sparkHome)));
        JavaProcess process =
                JavaProcess.start(work, new JavaProcess.Spec(name, options, String.join(":", classPath), all, main));
        started.add(process);
        return process;
    }

    /** Runs a command to its end, which must be good, and returns what it wrote. */
    String run(String name, Duration timeout, String... arguments) throws InterruptedException {
        JavaProcess process = start(name, arguments);
        int code = process.awaitExit(timeout);
        if (code != 0) {
            throw new AssertionError(name + " ended with exit code " + code + "\n" + process.logTail(TAIL_BYTES));
        }
        return process.log();
    }

    @Override
    public void close() {
        started.forEach(JavaProcess::close);
    }
}
