package io.polyglow.cluster.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.failure.Sessions;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.parallel.StageLink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class MessageLinkTest {
    private static final int MAX_BYTES = 5000;

    private static UnsafeBuffer message(int sender, int number, int length) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[length]);
        for (int i = 0; i < length; i++) {
            buffer.putByte(i, (byte) (sender * 101 + number * 17 + i));
        }
        return buffer;
    }

    /** Both ends send up to {@code inFlight} messages before they receive as many: bursts that only staging can take in. */
    @Property(tries = 40)
    void shouldKeepOrderWhenBothEndsSendInBursts(
            @ForAll @IntRange(min = 1, max = 8) int inFlight,
            @ForAll @IntRange(max = 10) int delay,
            @ForAll @IntRange(min = 100, max = 3000) int frameBytes,
            @ForAll int seed)
            throws Exception {
        InMemoryNetwork network = new InMemoryNetwork(2, frameBytes, seed);
        network.delay(delay);
        List<Callable<Boolean>> bodies = new ArrayList<>();
        for (Session session : Sessions.open(network, 2, Duration.ofSeconds(20))) {
            int self = session.transport().rank();
            StageLink link = new MessageLink(session, StreamKind.STAGE, 1 - self, inFlight, MAX_BYTES);
            bodies.add(() -> {
                Random lengths = new Random(seed);
                int number = 0;
                for (int burst = 0; burst < 10; burst++) {
                    int[] length = lengths.ints(inFlight, 0, MAX_BYTES).toArray();
                    for (int i = 0; i < inFlight; i++) {
                        link.send(message(self, number + i, length[i]), length[i]);
                    }
                    for (int i = 0; i < inFlight; i++) {
                        UnsafeBuffer received = new UnsafeBuffer(new byte[length[i]]);
                        link.receive(received, length[i]);
                        assertThat(received).isEqualTo(message(1 - self, number + i, length[i]));
                    }
                    number += inFlight;
                }
                return true;
            });
        }
        for (Ranks.Outcome<Boolean> outcome : Ranks.run(bodies, Duration.ofSeconds(30))) {
            assertThat(outcome.error()).isNull();
        }
    }

    @Test
    void shouldHoldTheSenderBackAndNameTheReceiverThatDoesNotRead() {
        InMemoryNetwork network = new InMemoryNetwork(2, 1000, 1);
        Session sender = Sessions.open(network, 2, Duration.ofMillis(300)).get(0);
        StageLink link = new MessageLink(sender, StreamKind.STAGE, 1, 1, MAX_BYTES);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1000; i++) {
                        link.send(message(0, i, MAX_BYTES), MAX_BYTES);
                    }
                })
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("nothing moved")
                .hasMessageContaining("sending to rank 1 at memory:1");
    }
}
