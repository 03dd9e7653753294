package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class RetryTest {
    private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);

    private final List<Long> triedAtSeconds = new ArrayList<>();
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private long nowNs;

    /** Half a second passes whenever somebody looks at the clock. */
    private long look() {
        nowNs += TimeUnit.MILLISECONDS.toNanos(500);
        return nowNs;
    }

    private Retry retry(long patienceNs) {
        return new Retry(this::look, patienceNs, cancelled::get);
    }

    /** Fails {@code failures} times. */
    private Retry.Step failing(int failures, IOException failure) {
        return again -> {
            assertThat(again).isEqualTo(!triedAtSeconds.isEmpty());
            triedAtSeconds.add(TimeUnit.NANOSECONDS.toSeconds(nowNs));
            if (triedAtSeconds.size() <= failures) {
                throw failure;
            }
        };
    }

    @Test
    void shouldPauseLongerAfterEveryFailure() throws IOException {
        retry(10 * MINUTE_NS).run("writing", failing(8, new IOException("NameNode restarts")));
        List<Long> pauses = new ArrayList<>();
        for (int i = 1; i < triedAtSeconds.size(); i++) {
            pauses.add(triedAtSeconds.get(i) - triedAtSeconds.get(i - 1));
        }
        assertThat(pauses).hasSize(8).isSorted();
        assertThat(pauses.get(0)).isBetween(1L, 3L);
        assertThat(pauses.get(7)).isBetween(30L, 32L);
    }

    @Test
    void shouldGiveUpWithTheLastErrorWhenTheTimeIsUp() {
        IOException failure = new IOException("no DataNode is left");
        assertThatThrownBy(() -> retry(MINUTE_NS).run("writing a/b", failing(1000, failure)))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("writing a/b failed [0-9]+ times in 6[0-9] s, at last with .*no DataNode is left")
                .hasCause(failure);
        assertThat(triedAtSeconds).hasSizeBetween(5, 9);
    }

    @Test
    void shouldNotTryAgainWhenThatIsHopeless() {
        AccessDeniedException denied = new AccessDeniedException("a/b");
        assertThatThrownBy(() -> retry(MINUTE_NS).run("writing", failing(1000, denied)))
                .isSameAs(denied);
        assertThat(triedAtSeconds).hasSize(1);
        IOException failure = new IOException("once");
        triedAtSeconds.clear();
        assertThatThrownBy(() -> retry(0).run("writing", failing(1, failure))).isSameAs(failure);
    }

    @Test
    void shouldStopAtOnceWhenCancelled() {
        assertThatThrownBy(() -> retry(MINUTE_NS).run("writing", again -> {
                    cancelled.set(true);
                    throw new IOException("the store has been closed");
                }))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST));
    }
}
