package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.cluster.transport.aeron.LossyReceiver;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.SumTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RankTransportTest {
    private static final AeronOptions OPTIONS = AeronOptions.defaults();
    private static final Patience PATIENCE = Patience.beyond(Duration.ZERO, () -> false);
    private static final ParallelLayout PAIR = new ParallelLayout(2, 1);

    private interface Body {
        void run(RankTransport transport, RankLinks links) throws Exception;
    }

    private static LinkPlan plan(ParallelLayout layout, long configHash) {
        return new LinkPlan(layout, true, 7, configHash, 4096, 2);
    }

    private static List<Ranks.Outcome<Boolean>> run(List<AeronLinks.Connected> ranks, Body body) {
        List<Callable<Boolean>> bodies = new ArrayList<>();
        for (AeronLinks.Connected rank : ranks) {
            bodies.add(() -> {
                try (RankTransport transport = rank.transport()) {
                    body.run(transport, rank.links());
                    return true;
                }
            });
        }
        return AeronLinks.run(bodies);
    }

    private static void succeed(List<AeronLinks.Connected> ranks, Body body) {
        for (Ranks.Outcome<Boolean> outcome : run(ranks, body)) {
            if (outcome.error() != null) {
                throw new AssertionError("a rank failed", outcome.error());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void shouldUseAllLinksOfAGridAndCloseInOrder(Medium medium, @TempDir Path directory) throws IOException {
        LinkPlan grid = plan(new ParallelLayout(2, 2), 42);
        AeronOptions options = OPTIONS.withDirectory(directory);
        succeed(AeronLinks.connect(grid, medium, options, PATIENCE), (transport, links) -> {
            for (int step = 0; step < 20; step++) {
                passAlong(links, step);
                reduce(links.replicas());
                links.world().barrier();
            }
        });
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    /** First stage to last and back over the stage link, then over the shared link. */
    private static void passAlong(RankLinks links, int step) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[4096]);
        for (StageLink link : new StageLink[] {links.stage() == 0 ? links.next() : links.previous(), links.shared()}) {
            if (links.stage() == 0) {
                buffer.putInt(4092, step + links.replica());
                link.send(buffer, 4096);
                link.receive(buffer, 4096);
            } else {
                link.receive(buffer, 4096);
                link.send(buffer, 4096);
            }
            assertThat(buffer.getInt(4092)).isEqualTo(step + links.replica());
        }
    }

    private static void reduce(Collectives group) {
        int floats = 100_000;
        UnsafeBuffer partial = new UnsafeBuffer(new byte[floats * Float.BYTES]);
        for (int i = 0; i < floats; i++) {
            partial.putFloat(i * Float.BYTES, i * (group.rank() + 1));
        }
        int[] offsets = {0, floats / 2, floats};
        UnsafeBuffer out = new UnsafeBuffer(new byte[floats / 2 * Float.BYTES]);
        group.reduceScatter(new DirectBuffer[] {partial}, new SumTree(2, 2), offsets, out);
        for (int i = 0; i < floats / 2; i++) {
            if (out.getFloat(i * Float.BYTES) != 3f * (offsets[group.rank()] + i)) {
                throw new AssertionError("element " + i + " is " + out.getFloat(i * Float.BYTES));
            }
        }
    }

    @Test
    void shouldSendNoDatagramBetweenRanksThatShareMemory() {
        List<AeronLinks.Connected> ranks =
                LossyReceiver.during(1, 0, () -> AeronLinks.connect(plan(PAIR, 1), Medium.MEMORY, OPTIONS, PATIENCE));
        succeed(ranks, (transport, links) -> {
            for (int step = 0; step < 10; step++) {
                reduce(links.replicas());
            }
        });
    }

    @Test
    void shouldBeCorrectWhenDatagramsAreLost() {
        List<AeronLinks.Connected> ranks =
                LossyReceiver.during(0.05, 0, () -> AeronLinks.connect(plan(PAIR, 1), Medium.UDP, OPTIONS, PATIENCE));
        succeed(ranks, (transport, links) -> {
            for (int step = 0; step < 10; step++) {
                reduce(links.replicas());
            }
        });
    }

    @Test
    void shouldNameRankAndOperationWhenABitFlipsOnTheWay() {
        List<AeronLinks.Connected> ranks =
                LossyReceiver.during(0, 0.02, () -> AeronLinks.connect(plan(PAIR, 1), Medium.UDP, OPTIONS, PATIENCE));
        List<Ranks.Outcome<Boolean>> outcomes = run(ranks, (transport, links) -> {
            for (int step = 0; step < 1000; step++) {
                reduce(links.replicas());
            }
        });
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.error()).isInstanceOf(PolyglowException.class));
        assertThat(outcomes.toString())
                .contains("is corrupt in reduceScatter #")
                .contains("CRC32C");
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void shouldTellTheOthersAtOnceWhyWhenARankAborts(Medium medium) {
        List<AeronLinks.Connected> ranks =
                AeronLinks.connect(plan(new ParallelLayout(3, 1), 1), medium, OPTIONS, PATIENCE);
        long start = System.nanoTime();
        List<Ranks.Outcome<Boolean>> outcomes = run(ranks, (transport, links) -> {
            links.world().barrier();
            if (links.rank() == 1) {
                transport.abort("loss is NaN at step 3");
            } else {
                links.world().barrier();
            }
        });
        // Not its silence, which ends the others after 4 s, but what it said.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
        assertThat(outcomes.get(0).error())
                .hasMessageContaining("rank 1 ended attempt")
                .hasMessageContaining("NaN");
        assertThat(outcomes.get(2).error())
                .hasMessageContaining("rank 1 ended attempt")
                .hasMessageContaining("NaN");
    }

    @Test
    void shouldRefuseWhenConfigsDiffer() {
        List<Ranks.Outcome<Boolean>> outcomes = connectPair(OPTIONS, rank -> plan(PAIR, 100 + rank));
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.error())
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e).hasMessageContaining("the hash of the config")));
    }

    @Test
    void shouldNameThePeerThatDoesNotAppear() {
        AeronOptions options = OPTIONS.withConnectTimeout(Duration.ofMillis(500));
        try (RankTransport transport = RankTransport.open("127.0.0.1", 0, AeronLinks.nextEpoch(), PAIR, options)) {
            List<String> addresses = List.of(transport.localAddress(), "127.0.0.1:9");
            assertThatThrownBy(() -> transport.connect(addresses, plan(PAIR, 1), PATIENCE))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST))
                    .hasMessageMatching(
                            ".*not reachable \\(.* UDP .*\\): rank 1 at 127.0.0.1:9 \\(control world replicas\\)\\.");
        }
    }

    @Test
    void shouldSayThatAPeerHasEndedWhenItsMemoryIsGone() {
        int epoch = AeronLinks.nextEpoch();
        try (RankTransport transport = RankTransport.open("127.0.0.1", 0, epoch, PAIR, OPTIONS)) {
            RankTransport ended = RankTransport.open("127.0.0.1", 1, epoch, PAIR, OPTIONS);
            List<String> addresses = List.of(transport.localAddress(), ended.localAddress());
            ended.close();
            assertThatThrownBy(() -> transport.connect(addresses, plan(PAIR, 1), PATIENCE))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST))
                    .hasMessageMatching("rank 1 at 127.0.0.1:\\d+ has ended: its media driver no longer answers in .*");
        }
    }

    private interface PlanOf {
        LinkPlan apply(int rank);
    }

    private static List<Ranks.Outcome<Boolean>> connectPair(AeronOptions options, PlanOf plan) {
        int epoch = AeronLinks.nextEpoch();
        List<RankTransport> transports = List.of(
                RankTransport.open("127.0.0.1", 0, epoch, PAIR, options),
                RankTransport.open("127.0.0.1", 1, epoch, PAIR, options));
        List<String> addresses =
                transports.stream().map(RankTransport::localAddress).toList();
        List<Callable<Boolean>> bodies = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            RankTransport transport = transports.get(rank);
            LinkPlan own = plan.apply(rank);
            bodies.add(() -> {
                try (transport) {
                    transport.connect(addresses, own, PATIENCE);
                    return true;
                }
            });
        }
        return AeronLinks.run(bodies);
    }

    @Test
    void shouldSayWhatToDoWhenSharedMemoryIsTooSmallForTheDriver() {
        assertThatThrownBy(() -> RankTransport.open("127.0.0.1", 0, 1, PAIR, OPTIONS.withMaxDirectoryBytes(8 << 20)))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("has 8 MiB free")
                .hasMessageContaining("needs 13 MiB")
                .hasMessageContaining("--shm-size");
    }

    @Test
    void shouldSayWhatToDoWhenSharedMemoryIsTooSmallForTheLinks() {
        List<Ranks.Outcome<Boolean>> outcomes =
                connectPair(OPTIONS.withMaxDirectoryBytes(13 << 20), rank -> plan(new ParallelLayout(2, 1), 1));
        // 13 MiB free is what the option pretends before and after the driver has taken its share.
        assertThat(outcomes).allMatch(outcome -> outcome.error() == null);
        RankTransport transport = RankTransport.open(
                "127.0.0.1",
                0,
                AeronLinks.nextEpoch(),
                new ParallelLayout(9, 1),
                OPTIONS.withMaxDirectoryBytes(13 << 20));
        try (transport) {
            List<String> addresses = new ArrayList<>(List.of(transport.localAddress()));
            for (int rank = 1; rank < 9; rank++) {
                addresses.add("127.0.0.1:" + rank);
            }
            assertThatThrownBy(() -> transport.connect(addresses, plan(new ParallelLayout(9, 1), 1), PATIENCE))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                    .hasMessageContaining("has 13 MiB free")
                    .hasMessageContaining("the 48 logs of the links of rank 0 needs 31 MiB");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-such-host.invalid", "192.0.2.1"})
    void shouldSayWhatToDoWhenTheHostIsNotThisMachine(String host) {
        assertThatThrownBy(() -> RankTransport.open(host, 0, 1, PAIR, OPTIONS))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining(host)
                .hasMessageContaining("check that the host name resolves");
    }
}
