package io.polyglow.cluster.collectives;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Sessions;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.parallel.SumTree;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class DirectCollectivesTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    /** What one rank does. */
    private interface Body {
        void run(Collectives group, Session session) throws Exception;
    }

    private static List<Ranks.Outcome<Boolean>> run(List<Session> sessions, Body body) throws Exception {
        List<Callable<Boolean>> bodies = new ArrayList<>();
        int[] members = IntStream.range(0, sessions.size()).toArray();
        for (Session session : sessions) {
            bodies.add(() -> {
                body.run(new DirectCollectives(session, StreamKind.REPLICAS, members), session);
                return true;
            });
        }
        return Ranks.run(bodies, LONG);
    }

    private static PolyglowException error(Ranks.Outcome<Boolean> outcome) {
        if (outcome.error() instanceof PolyglowException failure) {
            return failure;
        }
        throw new AssertionError("not a failure of ours: " + outcome, outcome.error());
    }

    private static float[] random(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() - 0.5f) * (1 << random.nextInt(20));
        }
        return values;
    }

    /** The plain way: whole arrays, recursion along the tree. */
    private static float[] sum(SumTree.Node node, float[][] lanes) {
        if (node.isLane()) {
            return lanes[node.lo()];
        }
        float[] left = sum(node.left(), lanes);
        float[] right = sum(node.right(), lanes);
        float[] sum = new float[left.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }

    private static UnsafeBuffer buffer(float[] values) {
        UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(values.length * Float.BYTES));
        for (int i = 0; i < values.length; i++) {
            buffer.putFloat(i * Float.BYTES, values[i]);
        }
        return buffer;
    }

    @Property(tries = 60)
    void shouldGiveTheBitsOfThePlainSumWhateverTheTiming(
            @ForAll @IntRange(min = 1, max = 5) int size,
            @ForAll @IntRange(min = 1, max = 6) int lanesPerRank,
            @ForAll @IntRange(max = 3000) int elements,
            @ForAll @IntRange(min = 72, max = 2048) int frameBytes,
            @ForAll @IntRange(max = 20) int delay,
            @ForAll Random random)
            throws Exception {
        SumTree tree = new SumTree(size * lanesPerRank, size);
        float[][] lanes = new float[tree.width()][];
        Arrays.setAll(lanes, i -> random(elements, random));
        int[] offsets = new int[size + 1];
        offsets[size] = elements;
        for (int i = 1; i < size; i++) {
            offsets[i] = random.nextInt(elements + 1);
        }
        Arrays.sort(offsets);
        InMemoryNetwork network = new InMemoryNetwork(size, frameBytes, random.nextLong());
        network.delay(delay);
        UnsafeBuffer gathered = buffer(new float[elements]);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, size, LONG), (group, session) -> {
            List<SumTree.Node> nodes = tree.nodesOf(group.rank());
            DirectBuffer[] partials = new DirectBuffer[nodes.size()];
            Arrays.setAll(partials, i -> buffer(sum(nodes.get(i), lanes)));
            UnsafeBuffer all = group.rank() == 0 ? gathered : buffer(new float[elements]);
            int from = offsets[group.rank()] * Float.BYTES;
            UnsafeBuffer slice = new UnsafeBuffer(all, from, offsets[group.rank() + 1] * Float.BYTES - from);
            group.reduceScatter(partials, tree, offsets, slice);
            group.allGather(
                    all, Arrays.stream(offsets).map(i -> i * Float.BYTES).toArray());
        });
        assertThat(outcomes).allMatch(outcome -> outcome.error() == null, "no rank fails");
        assertThat(gathered).isEqualTo(buffer(sum(tree.root(), lanes)));
    }

    @Test
    void shouldNeverSumAFlippedBit() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(3, 1024, 5);
        network.flipBits(0.01);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, 3, LONG), (group, session) -> {
            UnsafeBuffer ones = new UnsafeBuffer(ByteBuffer.allocateDirect(40_000));
            ones.setMemory(0, 40_000, (byte) 1);
            UnsafeBuffer expected = new UnsafeBuffer(ByteBuffer.allocateDirect(40_000));
            expected.wrap(ones);
            for (int i = 0; i < 1000; i++) {
                group.allGather(ones, new int[] {0, 13_333, 26_666, 40_000});
                assertThat(ones).isEqualTo(expected);
            }
        });
        assertThat(outcomes)
                .allSatisfy(outcome -> assertThat(error(outcome).kind()).isEqualTo(ErrorKind.PEER_LOST));
        assertThat(outcomes.toString()).contains("corrupt in allGather #");
    }

    @Test
    void shouldNamePeerAndOperationWhenLinkIsCut() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(3, 1024, 1);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, 3, LONG), (group, session) -> {
            group.barrier();
            if (group.rank() == 0) {
                network.cut(0, 1);
            }
            while (true) {
                group.barrier();
            }
        });
        assertThat(error(outcomes.get(0))).hasMessageContaining("lost rank 1 at memory:1 during barrier #");
        assertThat(error(outcomes.get(1))).hasMessageContaining("lost rank 0 at memory:0 during barrier #");
        assertThat(error(outcomes.get(2)).kind()).isEqualTo(ErrorKind.PEER_LOST);
    }

    @Test
    void shouldNameTheSilentRankWhenItStalls() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(2, 1024, 1);
        network.stall(1);
        List<Ranks.Outcome<Boolean>> outcomes =
                run(Sessions.open(network, 2, Duration.ofMillis(300)), (group, session) -> group.barrier());
        assertThat(error(outcomes.get(0)))
                .hasMessageContaining("nothing moved")
                .hasMessageContaining("barrier #1 on replicas")
                .hasMessageContaining("rank 1 at memory:1");
    }

    @Test
    void shouldWaitForSlowRankWithinTheDeadline() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(2, 1024, 1);
        network.stall(1);
        CountDownLatch sent = new CountDownLatch(1);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, 2, LONG), (group, session) -> {
            if (group.rank() == 1) {
                sent.countDown();
                group.barrier();
            } else {
                sent.await();
                network.resume(1);
                group.barrier();
            }
        });
        assertThat(outcomes).allMatch(outcome -> outcome.error() == null);
    }

    @Test
    void shouldTellEverybodyTheReasonWhenARankAborts() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(4, 1024, 1);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, 4, LONG), (group, session) -> {
            group.barrier();
            if (group.rank() == 2) {
                session.requestAbort("the disk of rank 2 is full");
            }
            group.barrier();
            group.barrier();
        });
        assertThat(error(outcomes.get(2)))
                .hasMessageContaining("the disk of rank 2 is full (before barrier #2 on replicas");
        for (int rank : new int[] {0, 1, 3}) {
            assertThat(error(outcomes.get(rank)))
                    .hasMessageContaining("rank 2 ended attempt 1: the disk of rank 2 is full");
        }
    }

    @Test
    void shouldStopWhenCancelled() throws Exception {
        AtomicBoolean cancelled = new AtomicBoolean();
        InMemoryNetwork network = new InMemoryNetwork(2, 1024, 1);
        List<Ranks.Outcome<Boolean>> outcomes =
                run(Sessions.open(network, 2, LONG, cancelled::get), (group, session) -> {
                    group.barrier();
                    if (group.rank() == 0) {
                        cancelled.set(true);
                    } else {
                        group.barrier();
                    }
                });
        assertThat(error(outcomes.get(1))).hasMessageContaining("stopped from outside");
    }

    @Test
    void shouldFenceTheZombieAndIgnoreItsFrames() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(2, 1024, 1);
        Duration seconds = Duration.ofSeconds(3);
        Patience patience = new Patience(seconds, seconds, () -> false);
        Session current = Sessions.open(network, 0, 2, 2, patience);
        Session zombie = Sessions.open(network, 1, 2, 1, patience);
        List<Ranks.Outcome<Boolean>> outcomes = run(List.of(current, zombie), (group, session) -> group.barrier());
        assertThat(error(outcomes.get(0))).hasMessageContaining("nothing moved");
        assertThat(current.droppedFrames()).isPositive();
        assertThat(error(outcomes.get(1)).kind()).isEqualTo(ErrorKind.FENCED);
        assertThat(error(outcomes.get(1))).hasMessageContaining("already runs attempt 2");
    }

    @Test
    void shouldKeepGroupsApartOnOneTransport() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(4, 1024, 1);
        List<Ranks.Outcome<Boolean>> outcomes = run(Sessions.open(network, 4, LONG), (all, session) -> {
            int rank = session.transport().rank();
            int first = rank / 2 * 2;
            Collectives pair = new DirectCollectives(session, StreamKind.WORLD, new int[] {first, first + 1});
            for (int i = 0; i < 50; i++) {
                UnsafeBuffer buffer = new UnsafeBuffer(new byte[] {(byte) (rank == first ? rank + i : -1)});
                pair.broadcast(buffer, 1, 0);
                assertThat(buffer.getByte(0)).isEqualTo((byte) (first + i));
                all.broadcast(buffer, 1, i % 4);
                assertThat(buffer.getByte(0)).isEqualTo((byte) (i % 4 / 2 * 2 + i));
            }
        });
        assertThat(outcomes).allMatch(outcome -> outcome.error() == null, "no rank fails");
    }

    @Test
    void shouldRefuseBadArgumentsBeforeSendingAnything() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(1, 1024, 1);
        assertThat(error(run(
                                Sessions.open(network, 1, LONG),
                                (group, session) -> group.allGather(new UnsafeBuffer(new byte[3]), new int[] {0, 4}))
                        .get(0)))
                .hasMessageContaining("3 bytes is too small for 4");
        assertThat(error(run(
                                Sessions.open(network, 1, LONG),
                                (group, session) -> group.allGather(new UnsafeBuffer(new byte[3]), new int[] {1, 2}))
                        .get(0)))
                .hasMessageContaining("[1, 2]");
    }

    @Test
    void shouldRecordOperations() throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(2, 1024, 1);
        List<Session> sessions = Sessions.open(network, 2, LONG);
        run(sessions, (group, session) -> {
            group.barrier();
            if (group.rank() == 0) {
                network.cut(0, 1);
                group.broadcast(new UnsafeBuffer(new byte[9]), 9, 1);
            }
        });
        assertThat(sessions.get(0).flightRecord().lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("barrier #1 on replicas", "0 bytes  done"),
                        line -> assertThat(line).contains("broadcast #2 on replicas", "9 bytes  failed"));
    }
}
