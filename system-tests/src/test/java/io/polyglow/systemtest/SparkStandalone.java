package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A Spark standalone master and workers as processes. */
final class SparkStandalone implements ClusterManager {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final String master;
    private final Host users;
    private final List<String> settings;
    private final List<JavaProcess> daemons = new ArrayList<>();
    private final List<JavaProcess> workers = new ArrayList<>();

    private SparkStandalone(String master, Host users, List<String> settings) {
        this.master = master;
        this.users = users;
        this.settings = settings;
    }

    /** The master on the first host, and a worker of two cores on each; Hadoop's {@code settings} are the users' alone. */
    static SparkStandalone start(Path work, Path sparkHome, Hosts hosts, List<String> settings) {
        int port = Await.freePort();
        Host first = hosts.all().get(0);
        SparkStandalone spark = new SparkStandalone("spark://" + first.address() + ":" + port, hosts.users(), settings);
        Path conf = configure(work);
        List<String> master = List.of("org.apache.spark.deploy.master.Master", "--port", "" + port);
        spark.daemons.add(daemon(first, work, "master", sparkHome, conf, master));
        for (int i = 0; i < hosts.all().size(); i++) {
            List<String> worker = List.of(
                    "org.apache.spark.deploy.worker.Worker",
                    "-c",
                    "2",
                    "-m",
                    "4g",
                    "-d",
                    work.resolve("worker-" + i).toString(),
                    spark.master);
            spark.workers.add(daemon(hosts.all().get(i), work, "worker-" + i, sparkHome, conf, worker));
        }
        spark.daemons.addAll(spark.workers);
        spark.workers.forEach(worker -> worker.awaitLog("Successfully registered with master", START_TIMEOUT));
        return spark;
    }

    /** {@code spark://ADDRESS:PORT}. */
    @Override
    public String master() {
        return master;
    }

    @Override
    public List<String> settings() {
        return settings;
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("SPARK_LOCAL_IP", users.address());
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

    private static JavaProcess daemon(Host host, Path work, String name, Path sparkHome, Path conf, List<String> main) {
        Map<String, String> environment = Map.of(
                "SPARK_HOME", sparkHome.toString(),
                "SPARK_SCALA_VERSION", "2.12",
                "SPARK_LOCAL_IP", host.address());
        List<String> all = new ArrayList<>(main);
        all.addAll(1, List.of("--host", host.address(), "--webui-port", "0"));
        return JavaProcess.start(
                host,
                work,
                new JavaProcess.Spec(
                        name,
                        JavaProcess.optionsWithoutC2("384m"),
                        conf + ":" + ClassPaths.clients(sparkHome),
                        environment,
                        all));
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
