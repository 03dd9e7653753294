package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An HDFS NameNode and a DataNode as two processes on loopback. */
final class Hdfs implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final List<JavaProcess> daemons = new ArrayList<>();
    private final String uri;
    private final Path work;
    private final String classPath;
    private final Security security;

    private Hdfs(String uri, Path work, Path sparkHome, Security security) {
        this.uri = uri;
        this.work = work;
        this.security = security;
        this.classPath = configure() + ":" + ClassPaths.servers(sparkHome);
    }

    static Hdfs start(Path work, Path sparkHome, Security security) throws InterruptedException {
        Hdfs hdfs = new Hdfs("hdfs://127.0.0.1:" + Await.freePort(), work, sparkHome, security);
        String nameNode = "org.apache.hadoop.hdfs.server.namenode.NameNode";
        try (JavaProcess format = hdfs.process("format", Map.of(), nameNode, "-format", "-force", "-nonInteractive")) {
            if (format.awaitExit(START_TIMEOUT) != 0) {
                throw new AssertionError("cannot format the NameNode\n" + format.logTail(8_000));
            }
        }
        JavaProcess names = hdfs.process("namenode", Map.of(), nameNode);
        hdfs.daemons.add(names);
        names.awaitLog("NameNode RPC up at", START_TIMEOUT);
        hdfs.daemons.add(hdfs.process("datanode", Map.of(), "org.apache.hadoop.hdfs.server.datanode.DataNode"));
        names.awaitLog("Adding a new node: ", START_TIMEOUT);
        return hdfs;
    }

    /** {@code hdfs://127.0.0.1:PORT}. */
    String uri() {
        return uri;
    }

    List<JavaProcess> daemons() {
        return daemons;
    }

    /** Runs {@code hdfs dfs arguments...} to its end. */
    void shell(Map<String, String> environment, String... arguments) throws InterruptedException {
        List<String> main = new ArrayList<>(List.of("org.apache.hadoop.fs.FsShell"));
        main.addAll(List.of(arguments));
        try (JavaProcess shell = process("dfs", environment, main.toArray(String[]::new))) {
            if (shell.awaitExit(START_TIMEOUT) != 0) {
                throw new AssertionError(String.join(" ", main) + "\n" + shell.logTail(8_000));
            }
        }
    }

    private JavaProcess process(String name, Map<String, String> environment, String... main) {
        List<String> options = new ArrayList<>(JavaProcess.optionsWithoutC2("384m"));
        options.addAll(security.jvmOptions());
        return JavaProcess.start(work, new JavaProcess.Spec(name, options, classPath, environment, List.of(main)));
    }

    private Path configure() {
        Map<String, String> site = new LinkedHashMap<>(security.settings());
        site.put("fs.defaultFS", uri);
        site.put("dfs.replication", "1");
        site.put("dfs.namenode.name.dir", work.resolve("hdfs-names").toUri().toString());
        site.put("dfs.datanode.data.dir", work.resolve("hdfs-data").toUri().toString());
        for (String address : new String[] {
            "dfs.namenode.http-address", "dfs.datanode.address", "dfs.datanode.http.address", "dfs.datanode.ipc.address"
        }) {
            site.put(address, "127.0.0.1:0");
        }
        site.put("dfs.datanode.hostname", "127.0.0.1");
        site.put("dfs.namenode.datanode.registration.ip-hostname-check", "false");
        site.put("dfs.namenode.safemode.extension", "0");
        site.put("dfs.permissions.superusergroup", "polyglow");
        try {
            Path conf = Files.createDirectories(work.resolve("hdfs-conf"));
            HadoopSettings.write(conf.resolve("core-site.xml"), site);
            HadoopSettings.write(conf.resolve("hdfs-site.xml"), site);
            Files.writeString(conf.resolve("log4j2.properties"), Logs.INFO);
            return conf;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        daemons.forEach(JavaProcess::close);
    }
}
