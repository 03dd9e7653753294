package io.polyglow.cluster.failure;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.polyglow.cluster.transport.InMemoryNetwork;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WaitTest {
    private static final int OPERATIONS = 1000;
    private static final int MOST_ROUNDS = 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final class Nobody implements Awaiting {
        @Override
        public boolean needs(int peer) {
            return false;
        }

        @Override
        public String describe() {
            return "waiting for nobody";
        }
    }

    @Test
    void shouldLeaveNoGarbageWhenOperationsSucceed() {
        InMemoryNetwork network = new InMemoryNetwork(1, 1024, 1);
        Wait wait = Sessions.open(network, 1, Duration.ofSeconds(30)).get(0).newWait(StreamKind.STAGE, new Nobody());
        long least = Long.MAX_VALUE;
        for (int round = 0; round < MOST_ROUNDS && least > 0; round++) {
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            for (int i = 0; i < OPERATIONS; i++) {
                wait.begin(Operation.SEND, i, 8);
                wait.turn(0);
                wait.turn(1);
                wait.end();
            }
            least = Math.min(
                    least,
                    threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before);
        }
        assertThat(least).isLessThan(OPERATIONS);
    }
}
