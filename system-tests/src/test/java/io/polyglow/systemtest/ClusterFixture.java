package io.polyglow.systemtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * A cluster for Spark and an HDFS of real processes, and {@code polyglow} commands as processes beside them. Their logs are in
 * {@code target/system-tests}; when a test fails the ends of all logs are printed. Nothing outlives the test class.
 */
final class ClusterFixture<M extends ClusterManager> implements BeforeAllCallback, AfterAllCallback, TestWatcher {
    private static final int TAIL_BYTES = 6_000;

    private static final int HOSTS = 3;

    /** What users of hosts call their HDFS, and only their settings know. */
    private static final String NAME = "polyglow";

    private final Start<M> start;
    private final boolean hasHosts;
    private final boolean asksWhoYouAre;

    private Path work;
    private Hosts hosts;
    private Commands commands;
    private Kerberos kerberos;
    private Hdfs hdfs;
    private M manager;
    private FileSystem files;

    private ClusterFixture(Start<M> start, boolean hasHosts, boolean asksWhoYouAre) {
        this.start = start;
        this.hasHosts = hasHosts;
        this.asksWhoYouAre = asksWhoYouAre;
    }

    /** Starts a cluster that uses an HDFS. */
    private interface Start<M> {
        M on(Path work, Path sparkHome, Hosts hosts, Hdfs hdfs, Security security);
    }

    /** A Spark standalone cluster of two workers with two cores each. */
    static ClusterFixture<SparkStandalone> standalone() {
        return standalone(false);
    }

    /** A Spark standalone cluster on three hosts, with a worker of two cores and a DataNode on each; see {@link Hosts#canBeMade}. */
    static ClusterFixture<SparkStandalone> standaloneOnHosts() {
        return standalone(true);
    }

    private static ClusterFixture<SparkStandalone> standalone(boolean hasHosts) {
        return new ClusterFixture<>(
                (work, sparkHome, hosts, hdfs, security) -> SparkStandalone.start(
                        work,
                        sparkHome,
                        hosts,
                        hasHosts ? List.of(hdfs.settings(NAME).toString()) : List.of()),
                hasHosts,
                false);
    }

    /** A YARN of two nodes. */
    static ClusterFixture<Yarn> yarn() {
        return yarn(false);
    }

    /** A YARN of two nodes which, as its HDFS, talks to nobody without Kerberos; commands have the identity of a user. */
    static ClusterFixture<Yarn> yarnWithKerberos() {
        return yarn(true);
    }

    private static ClusterFixture<Yarn> yarn(boolean asksWhoYouAre) {
        return new ClusterFixture<>(
                (work, sparkHome, hosts, hdfs, security) -> Yarn.start(work, sparkHome, hdfs, security),
                false,
                asksWhoYouAre);
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        work = Path.of(
                System.getProperty("polyglow.work"),
                context.getRequiredTestClass().getSimpleName());
        delete(work);
        Path sparkHome = ClassPaths.makeSparkHome(work.resolve("spark-home"));
        kerberos = asksWhoYouAre ? Kerberos.start(work) : null;
        Security security = kerberos == null ? Security.NONE : kerberos.security();
        hosts = hasHosts ? Hosts.make(work, HOSTS) : Hosts.loopback(2);
        hdfs = Hdfs.start(work, sparkHome, hosts, security);
        if (kerberos != null) {
            hdfs.shell(kerberos.superuser(), "-mkdir", "-p", "/user/" + Kerberos.USER);
            hdfs.shell(kerberos.superuser(), "-chown", Kerberos.USER, "/user/" + Kerberos.USER);
        }
        manager = start.on(work, sparkHome, hosts, hdfs, security);
        commands = new Commands(work, sparkHome, manager, security);
        files = FileSystem.newInstance(URI.create(hdfs.uri()), new Configuration());
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        if (commands != null) {
            commands.close();
        }
        if (files != null) {
            files.close();
        }
        if (manager != null) {
            manager.close();
        }
        if (hdfs != null) {
            hdfs.close();
        }
        if (kerberos != null) {
            kerberos.close();
        }
        if (hosts != null) {
            hosts.close();
        }
    }

    @Override
    @SuppressWarnings("SystemOut") // the build's log is where a failed run is looked into
    public void testFailed(ExtensionContext context, Throwable cause) {
        List<JavaProcess> all = new ArrayList<>(commands.started());
        all.addAll(manager.daemons());
        all.addAll(hdfs.daemons());
        all.forEach(process -> System.err.println(process.logTail(TAIL_BYTES)));
        executorLogs().forEach(log -> System.err.println(JavaProcess.tail(log, TAIL_BYTES)));
    }

    /** As commands call it: {@code hdfs://ADDRESS:PORT/name}, or {@code hdfs://polyglow/name} where there are hosts. */
    String onHdfs(String name) {
        return (hasHosts ? "hdfs://" + NAME : hdfs.uri()) + "/" + name;
    }

    /** What commands call {@code location}, as this process may. */
    String byAddress(String location) {
        return location.replace("hdfs://" + NAME + "/", hdfs.uri() + "/");
    }

    /** As {@code --master} takes it. */
    String master() {
        return manager.master();
    }

    /** A local directory for files of the test. */
    Path work() {
        return work;
    }

    Hosts hosts() {
        return hosts;
    }

    M manager() {
        return manager;
    }

    boolean exists(String location) {
        try {
            return files.exists(path(location));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text of a file on HDFS. */
    String read(String location) throws IOException {
        try (InputStream in = files.open(path(location))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Copies a directory within HDFS. */
    void copy(String from, String to) throws IOException {
        FileUtil.copy(files, path(from), files, path(to), false, files.getConf());
    }

    /** Starts {@code polyglow arguments...}; its output is in {@code NAME.log}. */
    JavaProcess polyglow(String name, String... arguments) {
        return commands.start(name, arguments);
    }

    /** The same as somebody without an identity. */
    JavaProcess polyglowAsNobody(String name, String... arguments) {
        return commands.startAsNobody(name, arguments);
    }

    /** What tells a JVM who vouches for identities, empty if nobody does. */
    List<String> jvmOptions() {
        return kerberos == null ? List.of() : kerberos.security().jvmOptions();
    }

    /** Runs a command to its end, which must be good, and returns what it wrote. */
    String run(String name, Duration timeout, String... arguments) throws InterruptedException {
        return commands.run(name, timeout, arguments);
    }

    private org.apache.hadoop.fs.Path path(String location) {
        return new org.apache.hadoop.fs.Path(byAddress(location));
    }

    private List<Path> executorLogs() {
        try (Stream<Path> paths = Files.walk(work)) {
            return paths.filter(path -> path.endsWith("stderr")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> paths = Files.walk(directory)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }
}
