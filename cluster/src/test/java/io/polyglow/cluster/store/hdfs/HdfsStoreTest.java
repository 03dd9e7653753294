package io.polyglow.cluster.store.hdfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.StoreContractTest;
import io.polyglow.common.store.Stores;
import io.polyglow.common.trace.MetricsLog;
import io.polyglow.common.trace.MetricsTail;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract, and what is particular to HDFS, against a real NameNode and DataNode. */
class HdfsStoreTest extends StoreContractTest {
    @TempDir
    static Path directory;

    private static EmbeddedHdfs embedded;
    private static int stores;

    private final List<Store> opened = new ArrayList<>();

    @BeforeAll
    static void start() {
        embedded = EmbeddedHdfs.open(directory);
    }

    @AfterAll
    static void stop() throws IOException {
        embedded.close();
    }

    @Override
    protected Store store() throws IOException {
        Store store = open(embedded.uri() + "/test-" + stores++);
        store.makeDirectory("");
        return store;
    }

    private Store open(String location) {
        opened.add(Stores.open(location));
        return opened.get(opened.size() - 1);
    }

    @AfterEach
    void close() throws IOException {
        for (Store store : opened) {
            store.close();
        }
    }

    private static DistributedFileSystem admin() throws IOException {
        return (DistributedFileSystem)
                new org.apache.hadoop.fs.Path(embedded.uri() + "/").getFileSystem(new Configuration());
    }

    @Test
    void shouldLetAnotherClientTailTheMetrics() throws IOException {
        Store run = store();
        try (Store reader = Stores.open(run.root());
                MetricsLog log = MetricsLog.open(
                        run, 0, Retry.none(), () -> {}, SystemNanoClock.INSTANCE, SystemEpochClock.INSTANCE)) {
            MetricsTail tail = new MetricsTail(reader, 0);
            for (int step = 1; step <= 3; step++) {
                log.append(new JsonObject().put("step", step).put("loss", 1.0 / step));
                log.sync();
                assertThat(tail.poll()).hasSize(1);
            }
            assertThat(reader.stat(MetricsLog.FILE).bytes()).isGreaterThan(60);
        }
    }

    @Test
    void shouldAppendAfterAWriterThatNeverClosed() throws IOException {
        Store dead = store();
        Store.Output abandoned = dead.create("log");
        abandoned.write("one\n".getBytes(StandardCharsets.UTF_8));
        abandoned.sync();
        try (Store next = Stores.open(dead.root())) {
            try (Store.Output out = next.append("log")) {
                out.write("two\n".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(text(next, "log")).isEqualTo("one\ntwo\n");
        }
        // closed too, as Hadoop throws the same exception again, which cannot be suppressed under itself
        assertThatThrownBy(() -> {
                    try (abandoned) {
                        abandoned.write("zombie\n".getBytes(StandardCharsets.UTF_8));
                        abandoned.sync();
                    }
                })
                .isInstanceOf(IOException.class);
        assertThat(text(dead, "log")).isEqualTo("one\ntwo\n");
    }

    @Test
    void shouldAskSoonerWhetherAClosedFileIsCompleteUnlessTheClusterSaysHowLongToWait() {
        String key = "dfs.client.block.write.locateFollowingBlock.retries";
        Configuration ofHadoop = new HdfsConfiguration(); // with hdfs-default.xml
        assertThat(ofHadoop.get(key)).isEqualTo("5");
        assertThat(PromptClose.settings(ofHadoop)).hasSize(2).containsEntry(key, "11");
        ofHadoop.set(key, "7");
        assertThat(PromptClose.settings(ofHadoop)).isEmpty();
    }

    @Test
    void shouldWaitUntilTheNameNodeLeavesSafeMode() throws Exception {
        Store run = store();
        admin().setSafeMode(HdfsConstants.SafeModeAction.SAFEMODE_ENTER);
        FutureTask<Boolean> write = new FutureTask<>(() -> {
            run.makeDirectory("x");
            return run.exists("x");
        });
        try {
            Thread writer = new Thread(write, "writer");
            writer.start();
            assertThatThrownBy(() -> write.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        } finally {
            admin().setSafeMode(HdfsConstants.SafeModeAction.SAFEMODE_LEAVE);
        }
        assertThat(write.get()).isTrue();
    }

    @Test
    void shouldSayThatTheQuotaIsUsedUp() throws IOException {
        Store run = store();
        admin().setQuota(new org.apache.hadoop.fs.Path(run.root()), 2, HdfsConstants.QUOTA_DONT_SET);
        run.makeDirectory("a");
        assertThatThrownBy(() -> Stores.checkWritable(run))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("quota")
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.ENVIRONMENT);
    }

    @Test
    void shouldRefuseAnAddressWhereNobodyListens() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        assertThatThrownBy(() -> Stores.open("hdfs://127.0.0.1:" + port + "/run"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("no NameNode answers")
                .hasMessageContaining(":" + port)
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.ENVIRONMENT);
    }

    @Test
    void shouldJoinTheOneThatRuns() throws IOException {
        try (EmbeddedHdfs second = EmbeddedHdfs.open(directory)) {
            assertThat(second.uri()).isEqualTo(embedded.uri());
            assertThat(second.isServer()).isFalse();
        }
        assertThat(Files.readString(directory.resolve("address"))).isEqualTo(embedded.uri());
        assertThat(store().exists("")).isTrue();
    }

    @Test
    void shouldKeepItsDataWhenStartedAgain() throws IOException {
        Store before = store();
        String path = new org.apache.hadoop.fs.Path(before.root()).toUri().getPath();
        write(before, "kept/file", "still here");
        embedded.close();
        assertThat(directory.resolve("address")).doesNotExist();
        embedded = EmbeddedHdfs.open(directory);
        Store store = open(embedded.uri() + path);
        assertThat(text(store, "kept/file")).isEqualTo("still here");
        write(store, "kept/next", "and writable");
        assertThat(store.list("kept")).hasSize(2);
    }

    @Test
    void shouldKeepItsDataWhenItsProcessEnds() throws Exception {
        assertOneFile(copy("ended"));
    }

    @Test
    void shouldKeepItsDataWhenAStartFails() throws Exception {
        Path newer = copy("newer");
        Path noNames = copy("no-names");
        List<Path> versions = versions(newer);
        String version = Files.readString(versions.get(0));
        for (Path each : versions) {
            Files.writeString(each, version.replaceAll("layoutVersion=.*", "layoutVersion=-999"));
        }
        for (Path each : versions(noNames)) {
            Files.delete(each); // must not be formatted over the blocks
        }
        List<Path> before =
                Stream.concat(blocks(newer).stream(), blocks(noNames).stream()).toList();

        runToItsEnd(FailedStart.class, newer, noNames);

        assertThat(before).hasSizeGreaterThanOrEqualTo(2).allMatch(Files::exists);
        for (Path each : versions) {
            Files.writeString(each, version);
        }
        assertOneFile(newer);
    }

    @Test
    void shouldKeepItsDataWhenOneCopyOfTheNamesIsLost() throws Exception {
        Path data = copy("one-name");
        Files.delete(versions(data).get(0));
        assertOneFile(data);
    }

    /** The data of an embedded HDFS whose process, another one, has written one file and ended. */
    private static Path copy(String name) throws IOException, InterruptedException {
        Path original = directory.resolve("one-file");
        if (!Files.exists(original)) {
            runToItsEnd(OneFile.class, original);
        }
        Path copy = directory.resolve(name);
        try (Stream<Path> files = Files.walk(original)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, copy.resolve(original.relativize(file)));
            }
        }
        return copy;
    }

    private static List<Path> versions(Path data) {
        return List.of(data.resolve("dfs/name-0-1/current/VERSION"), data.resolve("dfs/name-0-2/current/VERSION"));
    }

    private static List<Path> blocks(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data.resolve("dfs/data"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("blk_"))
                    .sorted()
                    .toList();
        }
    }

    private static void assertOneFile(Path data) throws IOException {
        try (EmbeddedHdfs again = EmbeddedHdfs.open(data);
                Store store = Stores.open(again.uri() + "/run")) {
            assertThat(text(store, "file")).isEqualTo("from another process");
        }
    }

    /** In a process of its own, because data that a test cluster leaves to be deleted is deleted when its JVM ends. */
    private static void runToItsEnd(Class<?> main, Path... data) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(System.getProperty("polyglow.jvm.options").split(" ")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        Stream.of(data).map(Path::toString).forEach(command::add);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("child.log").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(directory.resolve("child.log")))
                .isZero();
    }

    /** Another process: embedded HDFSs that do not start. */
    static final class FailedStart {
        private FailedStart() {}

        public static void main(String[] args) {
            for (String data : args) {
                assertThatThrownBy(() -> EmbeddedHdfs.open(Path.of(data)))
                        .isInstanceOf(PolyglowException.class)
                        .hasMessageContaining("What it holds was left as it is")
                        .hasMessageContaining("file:PATH, in place of hdfs-embedded:");
            }
        }
    }

    /** Another process: starts an embedded HDFS, writes one file, stops it. */
    static final class OneFile {
        private OneFile() {}

        public static void main(String[] args) throws IOException {
            try (EmbeddedHdfs hdfs = EmbeddedHdfs.open(Path.of(args[0]));
                    Store store = Stores.open(hdfs.uri() + "/run")) {
                Stores.write(store, "file", "from another process".getBytes(StandardCharsets.UTF_8));
            }
        }
    }
}
