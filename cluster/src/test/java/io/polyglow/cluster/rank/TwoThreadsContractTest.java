package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.parallel.StageLink;
import io.polyglow.trainer.parallel.SumTree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The links of one rank on two threads: the rank's own has the stage link, a second one the collectives over the replicas. */
@Timeout(120)
abstract class TwoThreadsContractTest {
    /** Ranks 0 and 1 are the replicas of the first stage; 0 and 2 are the stages of the first replica, 1 and 3 those of the second. */
    static final ParallelLayout GRID = new ParallelLayout(2, 2);

    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final int MESSAGE_BYTES = 50_000;
    private static final int FLOATS = 30_000;
    private static final int ROUNDS = 100;

    /** What a test uses of one rank. */
    interface End extends AutoCloseable {
        Collectives replicas();

        StageLink stage();

        void abort(String reason);

        String flightRecord();

        @Override
        void close();
    }

    private interface Body {
        void run(End rank) throws Exception;
    }

    /** What connects each rank of {@link #GRID} when it is called on the rank's own thread. */
    abstract List<Callable<End>> connectors();

    private List<Ranks.Outcome<Boolean>> run(Body... bodies) throws InterruptedException {
        List<Callable<Boolean>> ranks = new ArrayList<>();
        List<Callable<End>> connectors = connectors();
        for (int i = 0; i < connectors.size(); i++) {
            Callable<End> connector = connectors.get(i);
            Body body = bodies[i];
            ranks.add(() -> {
                try (End rank = connector.call()) {
                    body.run(rank);
                }
                return true;
            });
        }
        return Ranks.run(ranks, PATIENCE);
    }

    private static void assertSucceeds(Ranks.Outcome<Boolean> outcome) {
        if (outcome.error() != null) {
            throw new AssertionError("a rank failed", outcome.error());
        }
    }

    /** Rank 0, whose asserts are in its body, ended well, and all others of the four with its reason. */
    private static void assertOthersTold(List<Ranks.Outcome<Boolean>> outcomes, String reason) {
        assertSucceeds(outcomes.get(0));
        assertThat(outcomes.subList(1, 4)).allSatisfy(peer -> assertThat(peer.error())
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST))
                .hasMessageContaining("rank 0 ended attempt")
                .hasMessageContaining(reason));
    }

    private static UnsafeBuffer bytes(int count) {
        return new UnsafeBuffer(new byte[count]);
    }

    private static void receive(End rank) {
        rank.stage().receive(bytes(MESSAGE_BYTES), MESSAGE_BYTES);
    }

    private static void reduce(End rank, int round) {
        int self = rank.replicas().rank();
        UnsafeBuffer partial = bytes(FLOATS * Float.BYTES);
        for (int i = 0; i < FLOATS; i++) {
            partial.putFloat(i * Float.BYTES, (self + 1) * (i + round));
        }
        int[] offsets = {0, FLOATS / 3, FLOATS};
        UnsafeBuffer out = bytes((offsets[self + 1] - offsets[self]) * Float.BYTES);
        rank.replicas().reduceScatter(new DirectBuffer[] {partial}, new SumTree(2, 2), offsets, out);
        for (int i = offsets[self]; i < offsets[self + 1]; i++) {
            float sum = out.getFloat((i - offsets[self]) * Float.BYTES);
            if (sum != 3f * (i + round)) {
                throw new AssertionError("element " + i + " of round " + round + " is " + sum);
            }
        }
    }

    /** A message of seeded length and content goes there and another one comes back, round by round. */
    private static void talk(End rank, boolean speaksFirst) {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < ROUNDS; round++) {
            for (boolean speaks : new boolean[] {speaksFirst, !speaksFirst}) {
                UnsafeBuffer message = bytes(random.nextInt(MESSAGE_BYTES));
                random.nextBytes(message.byteArray());
                if (speaks) {
                    rank.stage().send(message, message.capacity());
                } else {
                    UnsafeBuffer received = bytes(message.capacity());
                    rank.stage().receive(received, received.capacity());
                    assertThat(received).isEqualTo(message);
                }
            }
        }
    }

    /** Returns when an operation of that name is in progress. */
    private static void awaitRunning(End rank, String operation) {
        while (rank.flightRecord().lines().noneMatch(line -> line.contains(operation) && line.contains("running"))) {
            Thread.onSpinWait();
        }
    }

    /** A second thread in a wait that only a failure or an interrupt ends, as the other replica does not take part. */
    private static SecondThread waitInReduce(End rank) {
        SecondThread second = SecondThread.start(() -> reduce(rank, 0));
        awaitRunning(rank, "reduceScatter #1 on replicas");
        return second;
    }

    @Test
    void shouldGiveTheRightDataWhenLinksAreUsedAtTheSameTime() throws Exception {
        Body[] bodies = new Body[4];
        for (int i = 0; i < bodies.length; i++) {
            boolean firstStage = i < 2;
            bodies[i] = rank -> {
                try (SecondThread second = SecondThread.start(() -> {
                    for (int round = 0; round < ROUNDS; round++) {
                        reduce(rank, round);
                    }
                })) {
                    talk(rank, firstStage);
                    second.succeed();
                }
            };
        }
        run(bodies).forEach(TwoThreadsContractTest::assertSucceeds);
    }

    @Test
    void shouldEndTheSecondThreadsWaitWhenTheRanksThreadFails() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        List<Ranks.Outcome<Boolean>> outcomes = run(
                rank -> {
                    try (SecondThread second = waitInReduce(rank)) {
                        waiting.countDown();
                        assertThatThrownBy(() -> receive(rank))
                                .hasMessageContaining("stages disagree")
                                .isSameAs(second.failure());
                        assertThatThrownBy(() -> rank.replicas().barrier()).isSameAs(second.failure());
                    }
                },
                TwoThreadsContractTest::receive,
                rank -> {
                    waiting.await();
                    rank.stage().send(bytes(7), 7);
                    receive(rank);
                },
                TwoThreadsContractTest::receive);
        assertOthersTold(outcomes, "stages disagree on what travels between them: rank 2");
    }

    @Test
    void shouldEndTheRanksThreadsWaitWhenTheSecondThreadFails() throws Exception {
        List<Ranks.Outcome<Boolean>> outcomes = run(
                rank -> {
                    try (SecondThread second = SecondThread.start(() -> {
                        awaitRunning(rank, "receive #1 on stage");
                        rank.replicas().allGather(bytes(3), new int[] {0, 1});
                    })) {
                        assertThatThrownBy(() -> receive(rank))
                                .hasMessageContaining("offsets [0, 1]")
                                .isSameAs(second.failure());
                    }
                },
                TwoThreadsContractTest::receive,
                TwoThreadsContractTest::receive,
                TwoThreadsContractTest::receive);
        assertOthersTold(outcomes, "offsets [0, 1]");
    }

    @Test
    void shouldTellNobodyButTheLaterReasonWhenTheSecondThreadIsInterrupted() throws Exception {
        List<Ranks.Outcome<Boolean>> outcomes = run(
                rank -> {
                    try (SecondThread second = waitInReduce(rank)) {
                        second.interrupt();
                        assertThat(second.failure())
                                .isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                                        .isEqualTo(ErrorKind.PEER_LOST))
                                .hasMessageContaining("reduceScatter #1 on replicas of attempt")
                                .hasMessageContaining("was left because the rank's own thread stopped");
                        assertThat(rank.flightRecord()).contains("failed").doesNotContain("running");
                        assertThatThrownBy(() -> rank.replicas().barrier()).isSameAs(second.failure());
                        talk(rank, true);
                        rank.abort("the disk of rank 0 is full");
                    }
                },
                TwoThreadsContractTest::receive,
                rank -> {
                    talk(rank, false);
                    receive(rank);
                },
                TwoThreadsContractTest::receive);
        assertOthersTold(outcomes, "the disk of rank 0 is full");
    }

    @Test
    void shouldEndEverythingWhenTheRanksThreadIsInterrupted() throws Exception {
        List<Ranks.Outcome<Boolean>> outcomes = run(
                rank -> {
                    try (SecondThread second = waitInReduce(rank)) {
                        Thread.currentThread().interrupt();
                        assertThatThrownBy(() -> receive(rank))
                                .hasMessageContaining("stopped from outside")
                                .hasMessageContaining("during receive #1 on stage");
                        assertThat(Thread.interrupted()).isTrue();
                        assertThatThrownBy(() -> receive(rank)).isSameAs(second.failure());
                    }
                },
                TwoThreadsContractTest::receive,
                TwoThreadsContractTest::receive,
                TwoThreadsContractTest::receive);
        assertOthersTold(outcomes, "stopped from outside");
    }
}
