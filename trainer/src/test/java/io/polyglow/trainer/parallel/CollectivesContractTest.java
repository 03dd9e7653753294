package io.polyglow.trainer.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every implementation of {@link Collectives} promises. */
public abstract class CollectivesContractTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(1500);

    private List<Collectives> group = List.of();

    /** Opens the members of one group, to be used by one thread each; a wait fails when {@code deadline} has passed. */
    protected abstract List<Collectives> open(int size, Duration deadline);

    /** The operations of one rank. */
    protected interface Body {
        /** Runs them. */
        void run(Collectives member) throws Exception;
    }

    @AfterEach
    void close() {
        group.forEach(Collectives::close);
    }

    private List<Ranks.Outcome<Integer>> run(int size, Duration deadline, Body body) throws Exception {
        group = open(size, deadline);
        List<Callable<Integer>> bodies = new ArrayList<>();
        for (Collectives member : group) {
            bodies.add(() -> {
                body.run(member);
                return member.rank();
            });
        }
        return Ranks.run(bodies, PATIENCE);
    }

    private void succeed(int size, Body body) throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(size, PATIENCE, body);
        for (int rank = 0; rank < size; rank++) {
            if (outcomes.get(rank).error() != null) {
                throw new AssertionError(
                        "rank " + rank + " failed", outcomes.get(rank).error());
            }
            assertThat(outcomes.get(rank).value()).isEqualTo(rank);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,5", "1,4,1000", "2,2,1", "2,8,3001", "3,3,1000", "3,6,777", "4,4,4099", "4,8,1000003", "5,15,64"})
    void shouldAddInTreeOrderWhenReduceScattering(int size, int width, int elements) throws Exception {
        int[] offsets = uneven(elements, size);
        succeed(size, member -> {
            SumTree tree = new SumTree(width, size);
            List<SumTree.Node> nodes = tree.nodesOf(member.rank());
            DirectBuffer[] partials = new DirectBuffer[nodes.size()];
            for (int i = 0; i < partials.length; i++) {
                partials[i] = floats(elements);
                for (int e = 0; e < elements; e++) {
                    ((UnsafeBuffer) partials[i])
                            .putFloat(e * Float.BYTES, treeSum(nodes.get(i), e), ByteOrder.LITTLE_ENDIAN);
                }
            }
            int from = offsets[member.rank()];
            int to = offsets[member.rank() + 1];
            UnsafeBuffer out = floats(to - from);
            member.reduceScatter(partials, tree, offsets, out);
            for (int e = from; e < to; e++) {
                float sum = out.getFloat((e - from) * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
                if (Float.floatToRawIntBits(sum) != Float.floatToRawIntBits(treeSum(tree.root(), e))) {
                    assertThat(sum).as("element %d", e).isEqualTo(treeSum(tree.root(), e));
                }
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"1,10", "2,1", "2,1048577", "3,5000", "4,3000001", "7,3"})
    void shouldCompleteBufferEverywhereWhenAllGathering(int size, int bytes) throws Exception {
        int[] offsets = uneven(bytes, size);
        succeed(size, member -> {
            UnsafeBuffer buffer = bytes(bytes);
            for (int i = offsets[member.rank()]; i < offsets[member.rank() + 1]; i++) {
                buffer.putByte(i, pattern(i));
            }
            member.allGather(buffer, offsets);
            for (int i = 0; i < bytes; i++) {
                if (buffer.getByte(i) != pattern(i)) {
                    assertThat(buffer.getByte(i)).as("byte %d", i).isEqualTo(pattern(i));
                }
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"1,0,8", "2,1,100", "4,2,2000003", "3,0,0"})
    void shouldCopyRootWhenBroadcasting(int size, int root, int length) throws Exception {
        succeed(size, member -> {
            UnsafeBuffer buffer = bytes(length + 1);
            for (int i = 0; i < length && member.rank() == root; i++) {
                buffer.putByte(i, pattern(i));
            }
            member.broadcast(buffer, length, root);
            for (int i = 0; i < length; i++) {
                if (buffer.getByte(i) != pattern(i)) {
                    assertThat(buffer.getByte(i)).as("byte %d", i).isEqualTo(pattern(i));
                }
            }
            assertThat(buffer.getByte(length)).as("byte after the message").isZero();
        });
    }

    @Test
    void shouldKeepOperationsApartWhenManyFollowEachOther() throws Exception {
        succeed(3, member -> {
            SplittableRandom random = new SplittableRandom(7);
            for (int i = 0; i < 300; i++) {
                int size = random.nextInt(1, 5000);
                int root = random.nextInt(3);
                UnsafeBuffer buffer = bytes(size);
                if (random.nextBoolean()) {
                    buffer.setMemory(0, size, (byte) (member.rank() == root ? i : -1));
                    member.broadcast(buffer, size, root);
                    assertThat(buffer.getByte(size - 1)).isEqualTo((byte) i);
                } else {
                    member.barrier();
                }
            }
        });
    }

    @Test
    void shouldNameOperationsWhenRanksDisagree() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, Duration.ofSeconds(20), member -> {
            if (member.rank() == 0) {
                member.broadcast(bytes(64), 64, 0);
                member.barrier();
            } else {
                member.allGather(bytes(64), new int[] {0, 32, 64});
                member.barrier();
            }
        });
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.error()).isInstanceOf(PolyglowException.class));
        assertThat(outcomes.toString()).contains("broadcast").contains("allGather");
    }

    @Test
    void shouldNameSizesWhenRanksDisagree() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, Duration.ofSeconds(20), member -> {
            member.allGather(bytes(64), new int[] {0, 32, 63 + member.rank()});
            member.barrier();
        });
        assertThat(outcomes).anySatisfy(outcome -> assertThat(outcome.error())
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.getMessage()).contains("allGather")));
    }

    @Test
    void shouldFailBeforeDeadlineWhenPeerCloses() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(3, Duration.ofSeconds(30), member -> {
            member.barrier();
            if (member.rank() == 1) {
                member.close();
            } else {
                member.barrier();
            }
        });
        assertPeerLost(outcomes.get(0));
        assertPeerLost(outcomes.get(2));
    }

    @Test
    void shouldFailAtDeadlineWhenPeerIsSilent() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, SHORT, member -> {
            member.barrier();
            if (member.rank() == 0) {
                member.broadcast(bytes(8), 8, 1);
            }
        });
        assertPeerLost(outcomes.get(0));
        assertThat(outcomes.get(0).error()).hasMessageContaining("broadcast");
    }

    @Test
    void shouldFailWhenInterrupted() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, PATIENCE, member -> {
            if (member.rank() == 0) {
                Thread.currentThread().interrupt();
                try {
                    member.barrier();
                } finally {
                    assertThat(Thread.currentThread().isInterrupted()).isTrue();
                    member.close();
                }
            } else {
                member.barrier();
            }
        });
        Assumptions.assumeThat(outcomes.get(0).value())
                .as("the peer came first")
                .isNull();
        assertThat(outcomes.get(0).error()).isInstanceOf(PolyglowException.class);
    }

    private static void assertPeerLost(Ranks.Outcome<Integer> outcome) {
        assertThat(outcome.error()).isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.PEER_LOST));
    }

    /** The value of a tree node: sums whose rounding tells the order of additions apart. */
    private static float treeSum(SumTree.Node node, int element) {
        if (node.isLane()) {
            long mixed = (node.lo() * 0x9E3779B97F4A7C15L + element) * 0xBF58476D1CE4E5B9L;
            return (float) ((int) (mixed >> 40) * Math.scalb(1.0, (int) ((mixed >>> 8) % 20) - 20));
        }
        return treeSum(node.left(), element) + treeSum(node.right(), element);
    }

    /** Offsets that give rank r a share proportional to r + 1. */
    private static int[] uneven(int total, int size) {
        int[] offsets = new int[size + 1];
        for (int r = 0; r <= size; r++) {
            offsets[r] = (int) ((long) total * r * (r + 1) / (size * (size + 1L)));
        }
        return offsets;
    }

    private static byte pattern(int i) {
        return (byte) (i * 31 + (i >>> 8) + 1);
    }

    private static UnsafeBuffer floats(int count) {
        return bytes(count * Float.BYTES);
    }

    private static UnsafeBuffer bytes(int count) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(count));
    }
}
