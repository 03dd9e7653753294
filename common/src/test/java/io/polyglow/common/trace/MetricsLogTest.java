package io.polyglow.common.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    private final CachedNanoClock clock = new CachedNanoClock();
    private final MemoryStore run = new MemoryStore();

    private MetricsLog open(long step) throws IOException {
        return MetricsLog.open(run, step, Retry.none(), () -> {}, clock, () -> 1_700_000_000_000L);
    }

    private static JsonObject step(long step) {
        return new JsonObject().put("step", step).put("loss", 4.0 / step);
    }

    private List<Long> steps() throws IOException {
        return steps(new MetricsTail(run, 0));
    }

    private static List<Long> steps(MetricsTail tail) throws IOException {
        return tail.poll().stream().map(line -> line.getLong("step")).toList();
    }

    @Test
    void shouldLetATailFollowTheWriter() throws IOException {
        MetricsTail tail = new MetricsTail(run, 0);
        assertThat(steps(tail)).isEmpty();
        try (MetricsLog log = open(0)) {
            log.append(step(1));
            assertThat(steps(tail)).as("not yet synced").isEmpty();
            clock.advance(TimeUnit.SECONDS.toNanos(1));
            log.append(step(2));
            assertThat(steps(tail)).containsExactly(1L, 2L);
            log.append(step(3));
            log.sync();
            assertThat(steps(tail)).containsExactly(3L);
            assertThat(steps(tail)).isEmpty();
        }
        assertThat(new String(Stores.read(run, "metrics.jsonl", 1000), StandardCharsets.UTF_8))
                .startsWith("{\"step\":1,\"loss\":4.0}\n{\"step\":2,\"loss\":2.0}\n");
    }

    @Test
    void shouldLeaveNoFileOpenWhenItCannotBeOpened(@TempDir Path folder) throws IOException {
        // the name looks free and is not
        Files.createSymbolicLink(folder.resolve("events.out.tfevents.1700000000.polyglow"), folder.resolve("nowhere"));
        Store disk = new LocalStore(folder);
        assertThatThrownBy(() -> MetricsLog.open(disk, 0, Retry.none(), () -> {}, clock, () -> 1_700_000_000_000L))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThat(folder.resolve("metrics.jsonl")).exists();
        assertThat(openFiles()).noneMatch(file -> file.startsWith(folder));
    }

    private static List<Path> openFiles() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.isSymbolicLink(descriptor)) {
                    files.add(Files.readSymbolicLink(descriptor));
                }
            }
        }
        return files;
    }

    @Test
    void shouldDropLaterStepsAndATornLineOnResume() throws IOException {
        try (MetricsLog log = open(0)) {
            for (int s = 1; s <= 5; s++) {
                log.append(step(s));
            }
        }
        try (Store.Output torn = run.append("metrics.jsonl")) {
            torn.write("{\"step\":6,\"lo".getBytes(StandardCharsets.UTF_8));
        }
        open(3).close();
        assertThat(steps()).containsExactly(1L, 2L, 3L);
        try (MetricsLog log = open(3)) {
            log.append(step(4));
        }
        assertThat(steps()).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void shouldGiveEachStepOnceAcrossARestart() throws IOException {
        MetricsTail tail = new MetricsTail(run, 0);
        try (MetricsLog log = open(0)) {
            log.append(step(1));
            log.append(step(2));
            log.append(step(3));
        }
        assertThat(steps(tail)).containsExactly(1L, 2L, 3L);
        try (MetricsLog log = open(1)) {
            log.sync();
            assertThat(steps(tail)).isEmpty();
            for (int s = 2; s <= 5; s++) {
                // another length than before, so that the old offset falls inside a line
                log.append(step(s).put("tokens", s * 1000));
            }
            log.sync();
            assertThat(steps(tail)).containsExactly(4L, 5L);
        }
    }

    @Test
    void shouldNotShowStepsThatTheNextAttemptTakesAgain() throws IOException {
        try (MetricsLog log = open(0)) {
            for (int s = 1; s <= 4; s++) {
                log.append(step(s));
            }
        }
        MetricsTail tail = MetricsTail.ofNextAttempt(run, 2);
        assertThat(steps(tail)).isEmpty();
        try (MetricsLog log = open(2)) {
            log.sync();
            assertThat(steps(tail)).isEmpty();
            log.append(step(3));
            log.sync();
            assertThat(steps(tail)).containsExactly(3L);
        }
        assertThat(steps(MetricsTail.ofNextAttempt(new MemoryStore(), 0))).isEmpty();
    }

    /** Peers wait to hear why this rank ends. */
    @Test
    void shouldTryNothingMoreOnceTheStoreHasHadAllThePatienceThereIs() throws IOException {
        long[] nowNs = {0};
        Retry retry =
                new Retry(() -> nowNs[0] += TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(1), () -> false);
        MetricsLog log = MetricsLog.open(run, 0, retry, () -> {}, clock, () -> 0);
        log.append(step(1));
        run.failBetween(run.operations() + 1, Integer.MAX_VALUE);
        assertThatThrownBy(log::sync).isInstanceOf(IOException.class);
        long gaveUpAtNs = nowNs[0];
        assertThat(gaveUpAtNs).isGreaterThan(TimeUnit.MINUTES.toNanos(1));

        assertThatThrownBy(log::close).isInstanceOf(IOException.class);

        assertThat(nowNs[0]).as("nobody looked at the clock").isEqualTo(gaveUpAtNs);
    }

    @Test
    void shouldNeverLoseACommittedStepWhereverResumeIsKilled() throws IOException {
        MemoryStore rehearsal = written();
        int before = rehearsal.operations();
        MetricsLog.open(rehearsal, 2, Retry.none(), () -> {}, clock, () -> 0).close();
        for (int at = before + 1; at <= rehearsal.operations(); at++) {
            MemoryStore store = written();
            store.haltAt(at);
            try {
                MetricsLog.open(store, 2, Retry.none(), () -> {}, clock, () -> 0)
                        .close();
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("halted");
            }
            store.crash(0.5);
            assertThat(steps(new MetricsTail(store, 0))).as("killed at %d", at).startsWith(1L, 2L);
            MetricsLog.open(store, 2, Retry.none(), () -> {}, clock, () -> 0).close();
            assertThat(steps(new MetricsTail(store, 0))).containsExactly(1L, 2L);
        }
    }

    private MemoryStore written() throws IOException {
        MemoryStore store = new MemoryStore();
        try (MetricsLog log = MetricsLog.open(store, 0, Retry.none(), () -> {}, clock, () -> 0)) {
            for (int s = 1; s <= 4; s++) {
                log.append(step(s));
            }
        }
        return store;
    }

    @Test
    void shouldAppendRankEventsOverAttempts() throws IOException {
        for (int epoch = 1; epoch <= 2; epoch++) {
            try (RankLog log = RankLog.open(run, 3, epoch, () -> {}, () -> 1_700_000_000_000L)) {
                log.event("restored", new JsonObject().put("step", 100));
            }
        }
        String[] lines = new String(Stores.read(run, "logs/rank-3.jsonl", 1000), StandardCharsets.UTF_8).split("\n");
        assertThat(lines).hasSize(2);
        assertThat(lines[1])
                .isEqualTo(
                        "{\"time\":\"2023-11-14T22:13:20Z\",\"rank\":3,\"epoch\":2,\"event\":\"restored\",\"step\":100}");
        assertThat(Json.parseObject("log", lines[0].getBytes(StandardCharsets.UTF_8))
                        .getLong("epoch"))
                .isEqualTo(1);
    }
}
