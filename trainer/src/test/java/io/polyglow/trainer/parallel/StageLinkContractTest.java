package io.polyglow.trainer.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link StageLink} promises. */
public abstract class StageLinkContractTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private List<StageLink> ends = List.of();

    /** Opens the two ends of a link that takes messages of up to {@code maxBytes}, {@code maxInFlight} of them unread. */
    protected abstract List<StageLink> open(int maxInFlight, int maxBytes, Duration deadline);

    @AfterEach
    void close() {
        ends.forEach(StageLink::close);
    }

    /** The messages of one end. */
    protected interface Body {
        /** Sends and receives. */
        void run(StageLink link) throws Exception;
    }

    private List<Ranks.Outcome<Integer>> run(Body upper, Body lower) throws Exception {
        return Ranks.run(
                List.of(
                        () -> {
                            upper.run(ends.get(0));
                            return 0;
                        },
                        () -> {
                            lower.run(ends.get(1));
                            return 1;
                        }),
                PATIENCE);
    }

    private void succeed(Body upper, Body lower) throws Exception {
        for (Ranks.Outcome<Integer> outcome : run(upper, lower)) {
            if (outcome.error() != null) {
                throw new AssertionError("an end failed", outcome.error());
            }
        }
    }

    @Test
    void shouldDeliverInOrderWhenManyMessagesAreSent() throws Exception {
        ends = open(4, 300_000, PATIENCE);
        succeed(
                link -> {
                    for (int i = 0; i < 200; i++) {
                        link.send(message(i, length(i)), length(i));
                    }
                },
                link -> {
                    for (int i = 0; i < 200; i++) {
                        assertReceives(link, i, length(i));
                    }
                });
    }

    @Test
    void shouldNotDeadlockWhenBothEndsSendFirst() throws Exception {
        ends = open(8, 1_000_000, PATIENCE);
        Body body = link -> {
            for (int i = 0; i < 8; i++) {
                link.send(message(i, 1_000_000), 1_000_000);
            }
            for (int i = 0; i < 8; i++) {
                assertReceives(link, i, 1_000_000);
            }
        };
        succeed(body, body);
    }

    @Test
    void shouldLetCallerReuseBufferWhenSendReturns() throws Exception {
        ends = open(4, 1000, PATIENCE);
        succeed(
                link -> {
                    UnsafeBuffer buffer = message(1, 1000);
                    link.send(buffer, 1000);
                    buffer.setMemory(0, 1000, (byte) 99);
                    link.send(message(2, 1000), 1000);
                },
                link -> {
                    assertReceives(link, 1, 1000);
                    assertReceives(link, 2, 1000);
                });
    }

    @Test
    void shouldRefuseWhenLengthsDiffer() throws Exception {
        ends = open(4, 1000, Duration.ofSeconds(10));
        List<Ranks.Outcome<Integer>> outcomes =
                run(link -> link.send(message(1, 100), 100), link -> link.receive(buffer(101), 101));
        assertThat(outcomes.get(1).error())
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("100")
                .hasMessageContaining("101");
    }

    @Test
    void shouldFailWhenPeerCloses() throws Exception {
        ends = open(4, 1000, Duration.ofSeconds(30));
        List<Ranks.Outcome<Integer>> outcomes = run(
                link -> {
                    link.send(message(1, 10), 10);
                    link.receive(buffer(10), 10);
                    link.close();
                },
                link -> {
                    assertReceives(link, 1, 10);
                    link.send(message(1, 10), 10);
                    link.receive(buffer(10), 10);
                });
        assertPeerLost(outcomes.get(1));
    }

    @Test
    void shouldFailAtDeadlineWhenPeerIsSilent() throws Exception {
        ends = open(4, 1000, Duration.ofMillis(1500));
        assertPeerLost(run(link -> link.receive(buffer(10), 10), link -> {}).get(0));
    }

    private static void assertPeerLost(Ranks.Outcome<Integer> outcome) {
        assertThat(outcome.error()).isInstanceOfSatisfying(PolyglowException.class, e -> assertThat(e.kind())
                .isEqualTo(ErrorKind.PEER_LOST));
    }

    private static int length(int i) {
        return i % 7 == 0 ? 300_000 - i : 1 + i * 13;
    }

    private static UnsafeBuffer message(int seed, int length) {
        UnsafeBuffer buffer = buffer(length);
        for (int i = 0; i < length; i++) {
            buffer.putByte(i, (byte) (seed * 17 + i));
        }
        return buffer;
    }

    private static void assertReceives(StageLink link, int seed, int length) {
        UnsafeBuffer received = buffer(length);
        link.receive(received, length);
        assertThat(received).isEqualTo(message(seed, length));
    }

    private static UnsafeBuffer buffer(int length) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(length));
    }
}
