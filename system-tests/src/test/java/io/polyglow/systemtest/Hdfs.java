package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An HDFS NameNode and its DataNodes as processes. */
final class Hdfs implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
    private static final int MOST_REPLICAS = 2;
    private static final String SERVERS = "org.apache.hadoop.hdfs.server.";

    private final List<JavaProcess> daemons = new ArrayList<>();
    private final Host first;
    private final int replicas;
    private final String uri;
    private final Path work;
    private final Path sparkHome;
    private final Security security;

    private Hdfs(Set<Host> hosts, Path work, Path sparkHome, Security security) {
        this.first = hosts.iterator().next();
        this.replicas = Math.min(hosts.size(), MOST_REPLICAS);
        this.uri = "hdfs://" + first.address() + ":" + Await.freePort();
        this.work = work;
        this.sparkHome = sparkHome;
        this.security = security;
    }

    /** The NameNode on the first host, and a DataNode on each. */
    static Hdfs start(Path work, Path sparkHome, Hosts hosts, Security security) throws InterruptedException {
        Set<Host> different = new LinkedHashSet<>(hosts.all());
        Hdfs hdfs = new Hdfs(different, work, sparkHome, security);
        String nameNode = SERVERS + "namenode.NameNode";
        try (JavaProcess format =
                hdfs.process(hdfs.first, "format", Map.of(), nameNode, "-format", "-force", "-nonInteractive")) {
            if (format.awaitExit(START_TIMEOUT) != 0) {
                throw new AssertionError("cannot format the NameNode\n" + format.logTail(8_000));
            }
        }
        JavaProcess names = hdfs.process(hdfs.first, "namenode", Map.of(), nameNode);
        hdfs.daemons.add(names);
        names.awaitLog("NameNode RPC up at", START_TIMEOUT);
        for (Host host : different) {
            hdfs.daemons.add(hdfs.process(host, "datanode-" + host.name(), Map.of(), SERVERS + "datanode.DataNode"));
            names.awaitLog("Adding a new node: .*/" + host.address() + ":", START_TIMEOUT);
        }
        return hdfs;
    }

    /** {@code hdfs://ADDRESS:PORT}. */
    String uri() {
        return uri;
    }

    /** Writes settings for clients that call this HDFS {@code hdfs://NAME}, as one of two NameNodes of which the other never answers; returns their folder. */
    Path settings(String name) {
        String names = "dfs.namenode.rpc-address." + name;
        Map<String, String> site = Map.of(
                "fs.defaultFS",
                "hdfs://" + name,
                "dfs.nameservices",
                name,
                "dfs.ha.namenodes." + name,
                "gone,here",
                names + ".gone",
                first.address() + ":" + Await.freePort(),
                names + ".here",
                URI.create(uri).getAuthority(),
                "dfs.client.failover.proxy.provider." + name,
                "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
        try {
            Path folder = Files.createDirectories(work.resolve("users-conf"));
            HadoopSettings.write(folder.resolve("core-site.xml"), site);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<JavaProcess> daemons() {
        return daemons;
    }

    /** Runs {@code hdfs dfs arguments...} to its end. */
    void shell(Map<String, String> environment, String... arguments) throws InterruptedException {
        List<String> main = new ArrayList<>(List.of("org.apache.hadoop.fs.FsShell"));
        main.addAll(List.of(arguments));
        try (JavaProcess shell = process(first, "dfs", environment, main.toArray(String[]::new))) {
            if (shell.awaitExit(START_TIMEOUT) != 0) {
                throw new AssertionError(String.join(" ", main) + "\n" + shell.logTail(8_000));
            }
        }
    }

    private JavaProcess process(Host host, String name, Map<String, String> environment, String... main) {
        List<String> options = new ArrayList<>(JavaProcess.optionsWithoutC2("384m"));
        options.addAll(security.jvmOptions());
        String classPath = configure(host) + ":" + ClassPaths.servers(sparkHome);
        return JavaProcess.start(
                host, work, new JavaProcess.Spec(name, options, classPath, environment, List.of(main)));
    }

    private Path configure(Host host) {
        Map<String, String> site = new LinkedHashMap<>(security.settings());
        site.put("fs.defaultFS", uri);
        site.put("dfs.replication", "" + replicas);
        site.put("dfs.namenode.name.dir", folder("hdfs-names", host));
        site.put("dfs.datanode.data.dir", folder("hdfs-data", host));
        for (String address : new String[] {
            "dfs.namenode.http-address", "dfs.datanode.address", "dfs.datanode.http.address", "dfs.datanode.ipc.address"
        }) {
            site.put(address, host.address() + ":0");
        }
        site.put("dfs.datanode.hostname", host.address());
        site.put("dfs.namenode.datanode.registration.ip-hostname-check", "false");
        site.put("dfs.namenode.safemode.extension", "0");
        // as docs/design/hdfs.md asks of administrators: else for ten minutes every new file may wait one for a lost
        // host
        site.put("dfs.namenode.avoid.read.stale.datanode", "true");
        site.put("dfs.namenode.avoid.write.stale.datanode", "true");
        site.put("dfs.permissions.superusergroup", "polyglow");
        try {
            Path conf = Files.createDirectories(work.resolve("hdfs-conf-" + host.name()));
            HadoopSettings.write(conf.resolve("core-site.xml"), site);
            HadoopSettings.write(conf.resolve("hdfs-site.xml"), site);
            Files.writeString(conf.resolve("log4j2.properties"), Logs.INFO);
            return conf;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String folder(String name, Host host) {
        return work.resolve(name + "-" + host.name()).toUri().toString();
    }

    @Override
    public void close() {
        daemons.forEach(JavaProcess::close);
    }
}
