package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every implementation of {@link TensorExchange} promises. */
public abstract class TensorExchangeContractTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Tensor[] NOTHING = {};

    /** One rank. */
    public record Member(Engine engine, TensorExchange exchange) {}

    /** A rank's part of a test. */
    private interface Body {
        void run(Member member, int rank) throws Exception;
    }

    private List<Member> group = List.of();

    /** Opens the members of one group, in rank order, to be used by one thread each; a wait fails when {@code deadline} has passed. */
    protected abstract List<Member> open(int size, Duration deadline);

    /** At once, as ranks leave. */
    @AfterEach
    void close() throws InterruptedException {
        List<Callable<Integer>> bodies = new ArrayList<>();
        for (Member member : group) {
            bodies.add(() -> {
                member.exchange.close();
                member.engine.close();
                return 0;
            });
        }
        if (!bodies.isEmpty()) {
            Ranks.run(bodies, PATIENCE)
                    .forEach(outcome -> assertThat(outcome.error()).isNull());
        }
    }

    private List<Ranks.Outcome<Integer>> run(int size, Duration deadline, Body body) throws Exception {
        group = open(size, deadline);
        List<Callable<Integer>> bodies = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            int self = rank;
            bodies.add(() -> {
                body.run(group.get(self), self);
                return self;
            });
        }
        return Ranks.run(bodies, PATIENCE);
    }

    private void succeed(int size, Body body) throws Exception {
        for (Ranks.Outcome<Integer> outcome : run(size, PATIENCE, body)) {
            if (outcome.error() != null) {
                throw new AssertionError("a rank failed", outcome.error());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldBringEveryTensorToItsPeerInOrder(int size) throws Exception {
        succeed(size, (member, rank) -> {
            for (int round = 0; round < 3; round++) {
                Tensor[][] outgoing = new Tensor[size][];
                Tensor[][] incoming = new Tensor[size][];
                for (int peer = 0; peer < size; peer++) {
                    outgoing[peer] = tensors(member.engine, rank, peer);
                    incoming[peer] = tensors(member.engine, peer, rank);
                    for (int i = 0; i < outgoing[peer].length; i++) {
                        write(member.engine, outgoing[peer][i], value(rank, peer, i, round));
                    }
                }
                member.exchange.exchange(outgoing, incoming);
                member.exchange.await();
                for (int peer = 0; peer < size; peer++) {
                    for (int i = 0; i < incoming[peer].length; i++) {
                        assertThat(read(member.engine, incoming[peer][i]))
                                .containsOnly((byte) value(peer, rank, i, round));
                    }
                }
            }
        });
    }

    /** As many tensors as the sum of the ranks says, none to oneself, of many sizes and at odd places. */
    private static Tensor[] tensors(Engine engine, int from, int to) {
        Tensor[] tensors = new Tensor[from == to ? 0 : (from + 2 * to) % 4];
        for (int i = 0; i < tensors.length; i++) {
            int size = 1 + 1021 * i + 13 * from + to;
            tensors[i] = new Tensor(engine.allocate("test", 4L * (size + i)), 4L * i, DType.F32, size);
        }
        return tensors;
    }

    private static int value(int from, int to, int i, int round) {
        return 1 + from + 5 * to + 25 * i + 60 * round;
    }

    @Test
    void shouldKeepTheOrderOfKernelCallsWithoutWaiting() throws Exception {
        succeed(2, (member, rank) -> {
            Tensor mine = new Tensor(member.engine.allocate("test", 4000), 0, DType.F32, 1000);
            Tensor theirs = new Tensor(member.engine.allocate("test", 4000), 0, DType.F32, 1000);
            Tensor kept = new Tensor(member.engine.allocate("test", 4000), 0, DType.F32, 1000);
            write(member.engine, mine, 7 + rank);
            member.exchange.exchange(one(mine, 1 - rank), one(theirs, 1 - rank));
            member.engine.kernels().fill(mine, 0);
            member.exchange.exchange(one(mine, 1 - rank), one(kept, 1 - rank));
            member.exchange.await();
            assertThat(read(member.engine, theirs)).containsOnly((byte) (8 - rank));
            assertThat(read(member.engine, kept)).containsOnly((byte) 0);
        });
    }

    @Test
    void shouldFailAtTheDeadlineAndEverAfterWhenAPeerIsSilent() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, SHORT, (member, rank) -> {
            if (rank == 0) {
                Tensor tensor = new Tensor(member.engine.allocate("test", 4), 0, DType.F32, 1);
                try {
                    member.exchange.exchange(one(tensor, 1), one(tensor, 1));
                    member.exchange.await();
                } catch (PolyglowException e) {
                    assertThatThrownBy(member.exchange::await).isInstanceOf(PolyglowException.class);
                    throw e;
                }
            }
        });
        assertPeerLost(outcomes.get(0));
        assertThat(outcomes.get(0).error()).hasMessageContaining("exchange");
        assertThat(outcomes.get(1).error()).isNull();
    }

    @Test
    void shouldFailWhenInterrupted() throws Exception {
        List<Ranks.Outcome<Integer>> outcomes = run(2, PATIENCE, (member, rank) -> {
            if (rank == 0) {
                Tensor tensor = new Tensor(member.engine.allocate("test", 4), 0, DType.F32, 1);
                Thread.currentThread().interrupt();
                try {
                    member.exchange.exchange(one(tensor, 1), one(tensor, 1));
                    member.exchange.await();
                } finally {
                    assertThat(Thread.interrupted()).isTrue();
                }
            }
        });
        assertPeerLost(outcomes.get(0));
    }

    private static void assertPeerLost(Ranks.Outcome<Integer> outcome) {
        assertThat(outcome.error()).isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.PEER_LOST));
    }

    private static Tensor[][] one(Tensor tensor, int peer) {
        return peer == 0 ? new Tensor[][] {{tensor}, NOTHING} : new Tensor[][] {NOTHING, {tensor}};
    }

    private static void write(Engine engine, Tensor tensor, int value) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        Arrays.fill(bytes, (byte) value);
        engine.write(tensor, new UnsafeBuffer(bytes), 0);
    }

    private static byte[] read(Engine engine, Tensor tensor) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        engine.read(tensor, new UnsafeBuffer(bytes), 0);
        return bytes;
    }
}
