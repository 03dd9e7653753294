package io.polyglow.cluster.failure;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.StreamKind;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FlightRecorderTest {
    private final CachedNanoClock clock = new CachedNanoClock();
    private final FlightRecorder recorder = new FlightRecorder(4, clock);

    private static void onAnotherThread(Runnable body) {
        CompletableFuture.runAsync(body).join();
    }

    private void send(int sequence) {
        recorder.begin(StreamKind.STAGE, Operation.SEND, sequence, 5);
        clock.advance(1_000_000);
        recorder.done();
    }

    @Test
    void shouldKeepBothOperationsWhenTwoThreadsHaveOneInProgress() {
        recorder.begin(StreamKind.REPLICAS, Operation.REDUCE_SCATTER, 1, 80);
        onAnotherThread(() -> {
            recorder.begin(StreamKind.STAGE, Operation.SEND, 1, 5);
            assertThat(recorder.current()).isEqualTo("send #1 on stage");
            assertThat(recorder.dump().lines())
                    .satisfiesExactly(
                            line -> assertThat(line).contains("reduceScatter #1 on replicas", "running"),
                            line -> assertThat(line).contains("send #1 on stage", "running"));
            recorder.failed();
            assertThat(recorder.current()).isEqualTo("no operation");
        });
        assertThat(recorder.current()).isEqualTo("reduceScatter #1 on replicas");
        recorder.done();
        assertThat(recorder.dump().lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("reduceScatter #1 on replicas", "done"),
                        line -> assertThat(line).contains("send #1 on stage", "failed"));
    }

    @Test
    void shouldKeepTheOperationInProgressWhenManyOthersEndMeanwhile() {
        recorder.begin(StreamKind.REPLICAS, Operation.REDUCE_SCATTER, 1, 80);
        onAnotherThread(() -> {
            for (int i = 1; i <= 10; i++) {
                send(i);
            }
        });
        assertThat(recorder.dump().lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("reduceScatter #1", "running", "10.000 ms"),
                        line -> assertThat(line).contains("send #8", "done", "1.000 ms"),
                        line -> assertThat(line).contains("send #9", "done"),
                        line -> assertThat(line).contains("send #10", "done"));
    }

    @Test
    void shouldCallAnOperationFailedWhenItsThreadBeginsTheNext() {
        recorder.begin(StreamKind.STAGE, Operation.RECEIVE, 1, 5);
        send(1);
        assertThat(recorder.dump().lines())
                .satisfiesExactly(line -> assertThat(line).contains("receive #1", "failed"), line -> assertThat(line)
                        .contains("send #1", "done"));
    }
}
