package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RestartLoopTest {
    private final List<Integer> epochs = new ArrayList<>();
    private final List<String> restarts = new ArrayList<>();
    private long committed;
    private int epoch;

    @Test
    void shouldStartANewAttemptWithALargerEpochWhenAPeerIsLost() throws IOException {
        RestartLoop.Outcome<String> outcome = loop(3).run(epoch -> {
            epochs.add(epoch);
            if (epoch < 3) {
                throw new PolyglowException(ErrorKind.PEER_LOST, "rank 1 is gone");
            }
            return "done";
        });
        assertThat(outcome).isEqualTo(new RestartLoop.Outcome<>("done", 2));
        assertThat(epochs).containsExactly(1, 2, 3);
        assertThat(restarts).containsExactly("1: rank 1 is gone, 2 left", "2: rank 1 is gone, 1 left");
    }

    @Test
    void shouldNotRestartWhenTheFailureIsFinal() {
        assertThatThrownBy(() -> loop(3).run(epoch -> {
                    epochs.add(epoch);
                    throw new PolyglowException(ErrorKind.NUMERIC, "loss is NaN at step 7");
                }))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NUMERIC))
                .hasMessage("loss is NaN at step 7");
        assertThat(epochs).hasSize(1);
    }

    @Test
    void shouldGiveUpWhenTooManyAttemptsInARowBringNoCheckpoint() {
        assertThatThrownBy(() -> loop(2).run(epoch -> {
                    epochs.add(epoch);
                    throw new PolyglowException(ErrorKind.PEER_LOST, "rank 0 crashed at step 5");
                }))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NO_PROGRESS))
                .hasMessageContaining("3 attempts in a row")
                .hasMessageContaining("rank 0 crashed at step 5");
        assertThat(epochs).hasSize(3);
    }

    @Test
    void shouldRestartBeyondTheBudgetWhileCheckpointsKeepComing() throws IOException {
        loop(1).run(epoch -> {
            if (epoch < 10) {
                committed++;
                throw new PolyglowException(ErrorKind.PEER_LOST, "preempted");
            }
            return "done";
        });
        assertThat(restarts).hasSize(9);
    }

    private RestartLoop loop(int budget) {
        TrainListener listener = new TrainListener() {
            @Override
            public void restarting(int epoch, String reason, int restartsLeft) {
                restarts.add(epoch + ": " + reason + ", " + restartsLeft + " left");
            }
        };
        return new RestartLoop(() -> ++epoch, () -> committed, budget, listener);
    }
}
