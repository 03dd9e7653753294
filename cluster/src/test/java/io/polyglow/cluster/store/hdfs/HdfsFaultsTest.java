package io.polyglow.cluster.store.hdfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.rng.RandomStream;
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
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.DatanodeInfo;
import org.apache.hadoop.hdfs.protocol.LocatedBlock;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run whose checkpoints are on a real HDFS of three DataNodes, which fail while it writes: it ends with the weights of a run that nothing happened to. */
@Tag("nightly")
@Timeout(500)
class HdfsFaultsTest {
    private static final int DATA_NODES = 3;
    private static final int STEPS = 6;

    /** HDFS tries again every 30 seconds to close a file whose DataNodes were all lost. */
    private static final Duration RETRY = Duration.ofMinutes(5);

    private final TokenDataset corpus = TestCorpus.of(400);
    private final TrainConfig config = config(RETRY);

    @TempDir
    Path directory;

    private MiniDFSCluster cluster;

    @BeforeEach
    void start() throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.toString());
        configuration.setInt("dfs.replication", DATA_NODES);
        configuration.setInt("dfs.namenode.safemode.extension", 0);
        // a DataNode is known to be lost after 4 seconds, not after 10 minutes
        configuration.setInt("dfs.heartbeat.interval", 1);
        configuration.setInt("dfs.namenode.heartbeat.recheck-interval", 500);
        cluster = new MiniDFSCluster.Builder(configuration)
                .numDataNodes(DATA_NODES)
                .build();
        cluster.waitActive();
    }

    @AfterEach
    void stop() {
        cluster.shutdown(true);
    }

    private static TrainConfig config(Duration retry) {
        return TrainLab.config(
                "steps=" + STEPS,
                "checkpoint.every=1",
                "checkpoint.keep=2",
                "checkpoint.retry-seconds=" + retry.toSeconds(),
                "evaluate.every=0",
                "batch.global=4");
    }

    private Store open() {
        return Stores.open("hdfs://127.0.0.1:" + cluster.getNameNodePort() + "/run");
    }

    private static String weights(Store run) {
        return new CheckpointDirectory(run).open(STEPS).weightsSha256();
    }

    private String undisturbed() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.train(config, run, corpus, Start.NEW);
        return weights(run);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldEndTheSameWhileServersFailAndReturn(long seed) throws Exception {
        Map<Fault, Integer> happened;
        try (Store run = open();
                Faults faults = new Faults(RandomStream.of(seed, "faults", 0))) {
            happened = faults.happened;
            List<Throwable> errors = TrainLab.attempt(
                            config,
                            faults.during(run),
                            corpus,
                            Start.NEW,
                            SystemNanoClock.INSTANCE,
                            RETRY.plusMinutes(2))
                    .errors();
            assertThat(errors).as("seed %d, %s", seed, happened).isEmpty();
            assertThat(weights(run)).as("seed %d, %s", seed, happened).isEqualTo(undisturbed());
            for (long step : new CheckpointDirectory(run).steps()) {
                new CheckpointDirectory(run).open(step).verify();
            }
        }
        assertThat(happened).as("seed %d", seed).containsOnlyKeys(Fault.values());
    }

    @Test
    void shouldReadACheckpointOfWhichEveryBlockHasACorruptReplica() throws Exception {
        try (Store run = open()) {
            TrainLab.train(config, run, corpus, Start.NEW);
            int corrupted = 0;
            for (LocatedBlock block : blocks()) {
                cluster.corruptReplica(corrupted % DATA_NODES, block.getBlock());
                corrupted++;
            }
            assertThat(corrupted).isGreaterThan(5);
            for (long step : new CheckpointDirectory(run).steps()) {
                new CheckpointDirectory(run).open(step).verify();
            }
            assertThat(weights(run)).isEqualTo(undisturbed());
        }
    }

    @Test
    void shouldGoOnFromTheLastCheckpointAfterAllDataNodesWereLost() throws Exception {
        Deque<MiniDFSCluster.DataNodeProperties> lost = new ArrayDeque<>();
        int[] published = {0};
        try (Store run = open()) {
            List<Throwable> errors = TrainLab.attempt(
                            config(Duration.ZERO),
                            DisturbedStore.of(run, call -> {
                                if (call.equals("publish") && ++published[0] == 3) {
                                    for (int i = 0; i < DATA_NODES; i++) {
                                        lost.add(cluster.stopDataNode(0));
                                    }
                                }
                            }),
                            corpus,
                            Start.NEW)
                    .errors();
            assertThat(errors).isNotEmpty();
            for (MiniDFSCluster.DataNodeProperties each : lost) {
                cluster.restartDataNode(each, true);
            }
            cluster.waitActive();
            List<Long> steps = new CheckpointDirectory(run).steps();
            assertThat(steps).isNotEmpty().doesNotContain((long) STEPS);
            for (long step : steps) {
                new CheckpointDirectory(run).open(step).verify();
            }
            TrainLab.train(config, run, corpus, Start.RESTART);
            assertThat(weights(run)).isEqualTo(undisturbed());
        }
    }

    /** As when a DataNode of the dead writer is lost in silence: HDFS closes such a file once the NameNode knows it, after ten minutes. */
    @Test
    void shouldAppendToAFileThatHdfsDoesNotClose() throws Exception {
        cluster.getNameNode().reconfigureProperty("dfs.namenode.heartbeat.recheck-interval", "300000");
        try (Store dead = open();
                Store next = open()) {
            Store.Output abandoned = dead.create("log");
            abandoned.write("one\n".getBytes(StandardCharsets.UTF_8));
            abandoned.sync();
            // what is to be closed is told to DataNodes in answers to these
            cluster.getDataNodes().forEach(node -> node.setHeartbeatsDisabledForTests(true));

            try (Store.Output out = next.append("log")) {
                assertThat(out.position()).isEqualTo(4);
                out.write("two\n".getBytes(StandardCharsets.UTF_8));
                out.sync();
            }
            assertThat(new String(Stores.read(next, "log", 100), StandardCharsets.UTF_8))
                    .isEqualTo("one\ntwo\n");
            assertThatThrownBy(() -> {
                        try (abandoned) {
                            abandoned.write("zombie\n".getBytes(StandardCharsets.UTF_8));
                            abandoned.sync();
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(new String(Stores.read(next, "log", 100), StandardCharsets.UTF_8))
                    .isEqualTo("one\ntwo\n");
        }
    }

    /** The blocks of all files that are complete. */
    private List<LocatedBlock> blocks() throws IOException {
        List<LocatedBlock> blocks = new ArrayList<>();
        RemoteIterator<LocatedFileStatus> files =
                cluster.getFileSystem().listFiles(new org.apache.hadoop.fs.Path("/run"), true);
        while (files.hasNext()) {
            LocatedFileStatus file = files.next();
            var located = cluster.getNameNodeRpc()
                    .getBlockLocations(file.getPath().toUri().getPath(), 0, Math.max(1, file.getLen()));
            if (!located.isUnderConstruction()) {
                blocks.addAll(located.getLocatedBlocks());
            }
        }
        return blocks;
    }

    /** What happens, in turn. */
    private enum Fault {
        REPLICA_CORRUPTED,
        DATA_NODE_LOST,
        NAME_NODE_RESTARTED,
        DATA_NODE_RETURNED
    }

    /**
     * At every so many calls something happens; never more than one DataNode is lost at a time, nor two replicas of a block corrupt. Whatever waits for the lost
     * DataNode, which may have the newest end of a file, gets it back within {@link #LOST_SECONDS}.
     */
    private final class Faults implements AutoCloseable {
        private static final long LOST_SECONDS = 8;

        final Map<Fault, Integer> happened = new EnumMap<>(Fault.class);
        private final RandomStream random;
        private final Deque<MiniDFSCluster.DataNodeProperties> lost = new ArrayDeque<>();
        private final Set<Long> corrupted = new HashSet<>();
        private final Deque<Fault> next = new ArrayDeque<>(List.of(Fault.values()));
        private int left = 20;

        Faults(RandomStream random) {
            this.random = random;
        }

        Store during(Store store) {
            return DisturbedStore.of(store, this::happen);
        }

        private synchronized void happen(String call) throws IOException {
            if (--left > 0) {
                return;
            }
            left = 20 + random.nextInt(40);
            Fault fault = next.remove();
            next.add(fault);
            switch (fault) {
                case REPLICA_CORRUPTED -> corrupt();
                case DATA_NODE_LOST -> {
                    restartLost();
                    lost.add(cluster.stopDataNode(random.nextInt(DATA_NODES)));
                    CompletableFuture.delayedExecutor(LOST_SECONDS, TimeUnit.SECONDS)
                            .execute(this::restartLost);
                }
                case NAME_NODE_RESTARTED -> cluster.restartNameNode(true);
                case DATA_NODE_RETURNED -> restartLost();
            }
            happened.merge(fault, 1, Integer::sum);
        }

        private synchronized void restartLost() {
            try {
                if (!lost.isEmpty()) {
                    cluster.restartDataNode(lost.remove(), true);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public synchronized void close() {
            lost.clear();
        }

        /** Of a block that has all its replicas. */
        private void corrupt() throws IOException {
            for (LocatedBlock block : blocks()) {
                DatanodeInfo[] places = block.getLocations();
                if (places.length == DATA_NODES
                        && lost.isEmpty()
                        && corrupted.add(block.getBlock().getBlockId())) {
                    String place = places[random.nextInt(DATA_NODES)].getDatanodeUuid();
                    for (DataNode node : cluster.getDataNodes()) {
                        if (node.getDatanodeUuid().equals(place)) {
                            cluster.corruptReplica(node, block.getBlock());
                            return;
                        }
                    }
                }
            }
        }
    }
}
