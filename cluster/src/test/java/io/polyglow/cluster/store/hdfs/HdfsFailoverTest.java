package io.polyglow.cluster.store.hdfs;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.server.namenode.ha.HATestUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs on an HDFS of two NameNodes that only settings know by name ({@code hdfs://runs/...}), while one takes over from the other. */
@Tag("nightly")
@Timeout(300)
class HdfsFailoverTest {
    private static final int STEPS = 6;

    private final TokenDataset corpus = TestCorpus.of(400);
    private final TrainConfig config = TrainLab.config(
            "steps=" + STEPS, "checkpoint.every=1", "checkpoint.keep=0", "evaluate.every=0", "batch.global=4");

    @TempDir
    Path directory;

    private MiniDFSCluster cluster;
    private URLClassLoader settings;
    private ClassLoader before;

    /** Clients find the settings on the class path, as they would find the folder of {@code HADOOP_CONF_DIR}. */
    @BeforeEach
    void start() throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.toString());
        configuration.setInt("dfs.namenode.safemode.extension", 0);
        cluster = new MiniDFSCluster.Builder(configuration)
                .nnTopology(MiniDFSNNTopology.simpleHATopology())
                .numDataNodes(1)
                .build();
        cluster.waitActive();
        cluster.transitionToActive(0);
        Configuration site = new Configuration(false);
        HATestUtil.setFailoverConfigurations(cluster, site, "runs");
        Path folder = Files.createDirectory(directory.resolve("settings"));
        try (OutputStream out = Files.newOutputStream(folder.resolve("core-site.xml"))) {
            site.writeXml(out);
        }
        before = Thread.currentThread().getContextClassLoader();
        settings = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before);
        Thread.currentThread().setContextClassLoader(settings);
    }

    @AfterEach
    void stop() throws IOException {
        Thread.currentThread().setContextClassLoader(before);
        settings.close();
        cluster.shutdown(true);
    }

    @Test
    void shouldOpenARunWhoseFirstNameNodeIsOnStandby() throws IOException {
        failOver(0, 1);

        try (Store run = Stores.open("hdfs://runs/run")) {
            Stores.rewrite(run, "note", "written by the second".getBytes(StandardCharsets.UTF_8));
            assertThat(run.root()).isEqualTo("hdfs://runs/run");
            assertThat(new String(Stores.read(run, "note", 100), StandardCharsets.UTF_8))
                    .isEqualTo("written by the second");
        }
    }

    @Test
    @Timeout(60) // a client that waited for the first until it came back took three minutes
    void shouldOpenARunWhoseFirstNameNodeIsGone() throws IOException {
        failOver(0, 1);
        cluster.shutdownNameNode(0);

        try (Store run = Stores.open("hdfs://runs/run")) {
            Stores.rewrite(run, "note", "written by the second".getBytes(StandardCharsets.UTF_8));
            assertThat(run.exists("note")).isTrue();
        }
    }

    @Test
    void shouldTrainAsIfNothingHadHappenedWhileNameNodesTakeOver() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        TrainLab.train(config, undisturbed, corpus, Start.NEW);

        AtomicInteger writes = new AtomicInteger();
        try (Store run = Stores.open("hdfs://runs/run")) {
            Store disturbed = DisturbedStore.of(run, call -> {
                int number = call.equals("write") ? writes.incrementAndGet() : 0;
                if (number == 20) {
                    failOver(0, 1);
                } else if (number == 60) {
                    cluster.shutdownNameNode(1);
                    cluster.transitionToActive(0);
                }
            });
            TrainLab.train(config, disturbed, corpus, Start.NEW);
            assertThat(writes).as("both have happened").hasValueGreaterThan(60);
            assertThat(weights(run)).isEqualTo(weights(undisturbed));
        }
    }

    private void failOver(int from, int to) throws IOException {
        cluster.transitionToStandby(from);
        cluster.transitionToActive(to);
    }

    private static String weights(Store run) {
        return new CheckpointDirectory(run).open(STEPS).weightsSha256();
    }
}
