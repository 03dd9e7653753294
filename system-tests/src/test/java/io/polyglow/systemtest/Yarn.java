package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;

/** A YARN ResourceManager and NodeManagers as processes on loopback. They start containers as on any cluster, and end those that hold more memory than they asked for. */
final class Yarn implements ClusterManager {
    /** The most that a container may ask for. */
    static final int LARGEST_CONTAINER_MIB = 3072;

    /** A queue where one application master may run, and no second. */
    static final String NARROW = "narrow";

    private static final int NODES = 2;
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
    private static final String DAEMONS = "org.apache.hadoop.yarn.server.";

    private final List<JavaProcess> daemons = new ArrayList<>();
    private final List<JavaProcess> nodes = new ArrayList<>();
    private final Map<String, String> site = new LinkedHashMap<>();
    private final Path work;
    private final Hdfs hdfs;
    private final Security security;
    private final String classPath;

    private Yarn(Path work, Path sparkHome, Hdfs hdfs, Security security) {
        this.work = work;
        this.hdfs = hdfs;
        this.security = security;
        this.classPath = ClassPaths.servers(sparkHome);
        for (String address : new String[] {"", "scheduler.", "resource-tracker.", "admin.", "webapp."}) {
            site.put("yarn.resourcemanager." + address + "address", "127.0.0.1:" + Await.freePort());
        }
        site.put("yarn.nodemanager.hostname", "127.0.0.1");
        for (String address : new String[] {"", "localizer.", "webapp."}) {
            site.put("yarn.nodemanager." + address + "address", "127.0.0.1:0");
        }
        site.put("yarn.nodemanager.resource.memory-mb", "6144");
        site.put("yarn.nodemanager.resource.cpu-vcores", "4");
        site.put("yarn.nodemanager.vmem-check-enabled", "false"); // a JVM reserves what it never touches
        site.put("yarn.nodemanager.delete.debug-delay-sec", "3600"); // else the logs of containers are gone with them
        site.put("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "99.9");
        site.put("yarn.scheduler.minimum-allocation-mb", "128");
        site.put("yarn.scheduler.maximum-allocation-mb", "" + LARGEST_CONTAINER_MIB);
    }

    static Yarn start(Path work, Path sparkHome, Hdfs hdfs, Security security) {
        Yarn yarn = new Yarn(work, sparkHome, hdfs, security);
        JavaProcess manager = yarn.daemon("resourcemanager", "resourcemanager.ResourceManager", Map.of());
        manager.awaitLog("Transitioned to active state", START_TIMEOUT);
        for (int i = 0; i < NODES; i++) {
            String name = "nodemanager-" + i;
            Map<String, String> folders = Map.of(
                    "yarn.nodemanager.local-dirs",
                            work.resolve(name).resolve("local").toString(),
                    "yarn.nodemanager.log-dirs",
                            work.resolve(name).resolve("logs").toString());
            yarn.nodes.add(yarn.daemon(name, "nodemanager.NodeManager", folders));
        }
        yarn.nodes.forEach(node -> node.awaitLog("Registered with ResourceManager", START_TIMEOUT));
        return yarn;
    }

    @Override
    public String master() {
        return "yarn";
    }

    @Override
    public List<String> settings() {
        return List.of(work.resolve("resourcemanager-conf").toString());
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("HADOOP_CONF_DIR", settings().get(0));
    }

    @Override
    public List<JavaProcess> daemons() {
        return daemons;
    }

    @Override
    public List<ProcessHandle> executors() {
        return containers("YarnCoarseGrainedExecutorBackend");
    }

    /** The drivers that run in containers now. */
    List<ProcessHandle> drivers() {
        return containers("org.apache.spark.deploy.yarn.ApplicationMaster");
    }

    /** Waits until the application is over and has told YARN {@code how}. */
    void awaitEnd(String application, String how, Duration timeout) {
        JavaProcess manager = daemons.get(0);
        Matcher end = manager.awaitLog("ApplicationSummary: appId=" + application + ".*finalStatus=([A-Z]+)", timeout);
        if (!end.group(1).equals(how)) {
            throw new AssertionError(application + " ended with " + end.group(1) + ", not " + how);
        }
    }

    /** The JVMs of containers with this main class; their shells have it in their command too. */
    private List<ProcessHandle> containers(String mainClass) {
        return nodes.stream()
                .flatMap(node -> node.handle().descendants())
                .filter(process -> isJavaOf(mainClass, process))
                .toList();
    }

    private static boolean isJavaOf(String mainClass, ProcessHandle process) {
        try {
            String[] command = Files.readString(Path.of("/proc", "" + process.pid(), "cmdline"), StandardCharsets.UTF_8)
                    .split("\0");
            return command[0].endsWith("/java")
                    && Arrays.stream(command).anyMatch(argument -> argument.endsWith(mainClass));
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    private JavaProcess daemon(String name, String main, Map<String, String> own) {
        try {
            Path conf = Files.createDirectories(work.resolve(name + "-conf"));
            Map<String, String> all = new LinkedHashMap<>(security.settings());
            all.put("fs.defaultFS", hdfs.uri());
            all.putAll(site);
            all.putAll(own);
            // in each, since each comes after defaults of its own
            for (String file : new String[] {"core-site.xml", "hdfs-site.xml", "yarn-site.xml"}) {
                HadoopSettings.write(conf.resolve(file), all);
            }
            HadoopSettings.write(
                    conf.resolve("capacity-scheduler.xml"),
                    Map.of(
                            "yarn.scheduler.capacity.root.queues",
                            "default," + NARROW,
                            "yarn.scheduler.capacity.root.default.capacity",
                            "99",
                            "yarn.scheduler.capacity.maximum-am-resource-percent",
                            "0.5",
                            "yarn.scheduler.capacity.root." + NARROW + ".capacity",
                            "1",
                            "yarn.scheduler.capacity.root." + NARROW + ".maximum-capacity",
                            "100",
                            "yarn.scheduler.capacity.root." + NARROW + ".user-limit-factor",
                            "100",
                            "yarn.scheduler.capacity.root." + NARROW + ".maximum-am-resource-percent",
                            "0.001"));
            Path logging = Files.createDirectories(work.resolve("yarn-logging"));
            Files.writeString(logging.resolve("log4j2.properties"), Logs.INFO);
            List<String> options = new ArrayList<>(JavaProcess.optionsWithoutC2("384m"));
            options.addAll(security.jvmOptions());
            options.add("--add-opens=java.base/java.lang=ALL-UNNAMED"); // Guice
            JavaProcess process = JavaProcess.start(
                    work,
                    new JavaProcess.Spec(
                            name,
                            options,
                            conf + ":" + logging + ":" + classPath,
                            Map.of("JAVA_HOME", System.getProperty("java.home")),
                            List.of(DAEMONS + main)));
            daemons.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
