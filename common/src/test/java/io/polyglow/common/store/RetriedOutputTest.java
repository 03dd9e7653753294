package io.polyglow.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.NanoClock;
import org.junit.jupiter.api.Test;

class RetriedOutputTest {
    private static final String BEFORE = "begun\n";

    private final MemoryStore store = new MemoryStore();
    private final AtomicLong nowNs = new AtomicLong();

    /** Ten seconds pass whenever somebody looks at the clock. */
    private final NanoClock clock = () -> nowNs.addAndGet(TimeUnit.SECONDS.toNanos(10));

    private Retry patient() {
        return new Retry(clock, TimeUnit.MINUTES.toNanos(10), () -> false);
    }

    private RetriedOutput open(Retry retry) throws IOException {
        return RetriedOutput.append(store, "log", retry, () -> {});
    }

    private static byte[] line(int i) {
        return ("line " + i + "\n").repeat(1 + i % 3).getBytes(StandardCharsets.UTF_8);
    }

    /** Writes nine lines, of which every third is synced. */
    private static void writeLines(RetriedOutput out) throws IOException {
        for (int i = 1; i <= 9; i++) {
            out.write(line(i));
            if (i % 3 == 0) {
                out.sync();
            }
        }
    }

    private static String lines() {
        StringBuilder all = new StringBuilder(BEFORE);
        for (int i = 1; i <= 9; i++) {
            all.append(new String(line(i), StandardCharsets.UTF_8));
        }
        return all.toString();
    }

    private String text(MemoryStore from) throws IOException {
        return new String(Stores.read(from, "log", 1000), StandardCharsets.UTF_8);
    }

    private MemoryStore begun() throws IOException {
        MemoryStore begun = new MemoryStore();
        Stores.write(begun, "log", BEFORE.getBytes(StandardCharsets.UTF_8));
        return begun;
    }

    @Test
    void shouldHoldEachByteOnceWhicheverOperationsFail() throws IOException {
        MemoryStore undisturbed = begun();
        int first = undisturbed.operations();
        try (RetriedOutput out = RetriedOutput.append(undisturbed, "log", patient(), () -> {})) {
            writeLines(out);
        }
        assertThat(text(undisturbed)).isEqualTo(lines());
        int operations = undisturbed.operations() - first;
        for (int at = first + 2; at <= first + operations; at++) {
            for (int count = 1; count <= 5; count++) {
                MemoryStore failing = begun();
                failing.failBetween(at, at + count - 1);
                try (RetriedOutput out = RetriedOutput.append(failing, "log", patient(), () -> {})) {
                    writeLines(out);
                    assertThat(out.position()).isEqualTo(lines().length());
                }
                failing.heal();
                assertThat(text(failing))
                        .as("%d operations from %d failed", count, at)
                        .isEqualTo(lines());
            }
        }
    }

    @Test
    void shouldGiveUpWhenTheStoreDoesNotRecover() throws IOException {
        RetriedOutput out = open(patient());
        store.failBetween(store.operations() + 1, Integer.MAX_VALUE);
        out.write(line(1));
        assertThatThrownBy(out::sync)
                .isInstanceOf(IOException.class)
                .hasMessageMatching(
                        "writing log failed [0-9]+ times in 6[0-9][0-9] s, at last with .*injected failure.*");
        long before = nowNs.get();
        out.close();
        assertThat(nowNs).as("no second wait").hasValue(before);
    }

    @Test
    void shouldWriteWhatItCouldNotWriteBeforeWithTheNextSync() throws IOException {
        RetriedOutput out = open(Retry.none());
        store.failBetween(store.operations() + 1, store.operations() + 3);
        out.write(line(1));
        assertThatThrownBy(out::sync).isInstanceOf(IOException.class);
        store.heal();
        out.write(line(2));
        out.sync();
        out.close();
        assertThat(text(store)).isEqualTo("line 1\nline 1\nline 2\nline 2\nline 2\n");
    }

    @Test
    void shouldNotOpenAgainWhatSomebodyElseHasTakenOver() throws IOException {
        PolyglowException fenced = new PolyglowException(ErrorKind.FENCED, "a newer attempt has started");
        RetriedOutput out = RetriedOutput.append(store, "log", patient(), () -> {
            throw fenced;
        });
        out.write(line(1));
        out.sync();
        store.failAt(store.operations() + 1);
        out.write(line(2));
        int before = store.operations();
        assertThatThrownBy(out::sync).isSameAs(fenced);
        out.close();
        assertThat(store.operations()).as("nothing was opened").isEqualTo(before);
        assertThat(text(store)).isEqualTo("line 1\nline 1\n");
    }

    @Test
    void shouldNotMixWithWhatSomebodyElseHasWritten() throws IOException {
        RetriedOutput out = open(Retry.none());
        try (Store.Output other = store.append("log")) {
            other.write("not mine, and longer\n".getBytes(StandardCharsets.UTF_8));
        }
        store.failAt(store.operations() + 1);
        out.write(line(1));
        assertThatThrownBy(out::sync)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("log has 21 bytes, expected 0 to 14")
                .hasMessageContaining("somebody else");
    }
}
