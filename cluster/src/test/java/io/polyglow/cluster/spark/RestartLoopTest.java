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
    private final List<String> restarts = new ArrayList<>();
    private int attempts;
    private long committed;

    @Test
    void shouldStartANewAttemptWhenAPeerIsLost() throws IOException {
        RestartLoop.Outcome<String> outcome = loop(3).run(() -> {
            if (++attempts < 3) {
                throw new PolyglowException(ErrorKind.PEER_LOST, "rank " + attempts + " is gone");
            }
            return "done";
        });
        assertThat(outcome).isEqualTo(new RestartLoop.Outcome<>("done", 2));
        assertThat(restarts).containsExactly("rank 1 is gone, 2 left", "rank 2 is gone, 1 left");
    }

    @Test
    void shouldNotRestartWhenTheFailureIsFinal() {
        assertThatThrownBy(() -> loop(3).run(() -> fail(ErrorKind.NUMERIC, "loss is NaN at step 7")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NUMERIC))
                .hasMessage("loss is NaN at step 7");
        assertThat(attempts).isEqualTo(1);
    }

    @Test
    void shouldGiveUpWhenTooManyAttemptsInARowBringNoCheckpoint() {
        assertThatThrownBy(() -> loop(2).run(() -> fail(ErrorKind.PEER_LOST, "rank 0 crashed at step 5")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NO_PROGRESS))
                .hasMessageContaining("3 attempts in a row")
                .hasMessageContaining("rank 0 crashed at step 5");
        assertThat(attempts).isEqualTo(3);
    }

    @Test
    void shouldRestartBeyondTheBudgetWhileCheckpointsKeepComing() throws IOException {
        loop(1).run(() -> {
            if (attempts < 9) {
                committed++;
                fail(ErrorKind.PEER_LOST, "preempted");
            }
            return "done";
        });
        assertThat(restarts).hasSize(9).allMatch(restart -> restart.equals("preempted, 1 left"));
    }

    @Test
    void shouldEndByTheFailureThatCameFirstWhenTheStoreFailsToo() {
        IOException broken = new IOException("no NameNode");
        RestartLoop.Progress progress = () -> {
            if (attempts > 0) {
                throw broken;
            }
            return 0;
        };
        assertThatThrownBy(() -> new RestartLoop(progress, 3, JobListener.SILENT)
                        .run(() -> fail(ErrorKind.PEER_LOST, "rank 1 is gone")))
                .hasMessage("rank 1 is gone")
                .hasSuppressedException(broken);
    }

    private String fail(ErrorKind kind, String message) {
        attempts++;
        throw new PolyglowException(kind, message);
    }

    private RestartLoop loop(int budget) {
        JobListener listener = new JobListener() {
            @Override
            public void restarting(String reason, int restartsLeft) {
                restarts.add(reason + ", " + restartsLeft + " left");
            }
        };
        return new RestartLoop(() -> committed, budget, listener);
    }
}
