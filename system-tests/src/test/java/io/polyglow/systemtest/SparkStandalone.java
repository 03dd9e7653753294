package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A Spark standalone master and workers as processes on loopback. */
final class SparkStandalone implements ClusterManager {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final String master;
    private final List<JavaProcess> daemons = new ArrayList<>();
    private final List<JavaProcess> workers = new ArrayList<>();

    private SparkStandalone(String master) {
        this.master = master;
    }

    static SparkStandalone start(Path work, Path sparkHome, int workers, int coresPerWorker) {
        int port = Await.freePort();
        SparkStandalone spark = new SparkStandalone("spark://127.0.0.1:" + port);
        String classPath = configure(work) + ":" + ClassPaths.clients(sparkHome);
        Map<String, String> environment = Map.of(
                "SPARK_HOME", sparkHome.toString(),
                "SPARK_SCALA_VERSION", "2.12",
                "SPARK_LOCAL_IP", "127.0.0.1");
        List<String> address = List.of("--host", "127.0.0.1", "--webui-port", "0");
        List<String> main = new ArrayList<>(List.of("org.apache.spark.deploy.master.Master", "--port", "" + port));
        main.addAll(address);
        spark.daemons.add(daemon(work, "master", classPath, environment, main));
        for (int i = 0; i < workers; i++) {
            List<String> worker = new ArrayList<>(List.of("org.apache.spark.deploy.worker.Worker"));
            worker.addAll(address);
            worker.addAll(List.of("-c", "" + coresPerWorker, "-m", "4g"));
            worker.addAll(List.of("-d", work.resolve("worker-" + i).toString(), spark.master));
            spark.workers.add(daemon(work, "worker-" + i, classPath, environment, worker));
        }
        spark.daemons.addAll(spark.workers);
        spark.workers.forEach(worker -> worker.awaitLog("Successfully registered with master", START_TIMEOUT));
        return spark;
    }

    /** {@code spark://127.0.0.1:PORT}. */
    @Override
    public String master() {
        return master;
    }

    @Override
    public List<String> settings() {
        return List.of();
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("SPARK_LOCAL_IP", "127.0.0.1");
    }

    @Override
    public List<JavaProcess> daemons() {
        return daemons;
    }

    @Override
    public List<ProcessHandle> executors() {
        return workers.stream()
                .flatMap(worker -> worker.handle().children())
                .filter(ProcessHandle::isAlive)
                .toList();
    }

    private static JavaProcess daemon(
            Path work, String name, String classPath, Map<String, String> environment, List<String> main) {
        return JavaProcess.start(
                work, new JavaProcess.Spec(name, JavaProcess.optionsWithoutC2("384m"), classPath, environment, main));
    }

    private static Path configure(Path work) {
        try {
            Path conf = Files.createDirectories(work.resolve("spark-conf"));
            Files.writeString(conf.resolve("log4j2.properties"), Logs.INFO);
            return conf;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
