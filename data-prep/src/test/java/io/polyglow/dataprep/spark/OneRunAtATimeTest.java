package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.SmallFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;

/** Two runs that mean to write to the same output. */
class OneRunAtATimeTest extends PrepareFixture {
    private final ExecutorService other = Executors.newSingleThreadExecutor();

    @Test
    void shouldRefuseTheSecondRunAndLetTheFirstGoOn() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        Future<PrepareReport> first = other.submit(() ->
                PrepareJob.run(spark, config("first"), progress -> waitIn("annotate", progress, reached, refused)));
        assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();
        try {
            assertThatThrownBy(() -> PrepareJob.run(spark, config("first"), ProgressListener.SILENT))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                    .hasMessageContaining("/first is in use by process "
                            + ProcessHandle.current().pid() + " on ")
                    .hasMessageContaining("(started 20")
                    .hasMessageContaining("wait for it, stop it, or choose another place");
        } finally {
            refused.countDown();
        }
        first.get(120, TimeUnit.SECONDS);

        prepareOut();
        assertThat(corpusFiles("first")).isEqualTo(corpusFiles("out"));
        assertThat(names(directory.resolve("first.stages/leases"))).isEmpty();
    }

    @Test
    void shouldPublishNothingOfARunThatAnotherOneHasTakenOver() throws Exception {
        Path stages = directory.resolve("out.stages");
        ProgressListener takenOver = progress -> {
            if (progress.name().equals("filter") && progress.fraction() == 0) {
                write(
                        stages.resolve("leases/000002.json"),
                        "{\"host\": \"elsewhere\", \"pid\": 1, \"started\": \"now\", \"beats\": 0}");
            }
        };

        assertThatThrownBy(() -> PrepareJob.run(spark, config("out"), takenOver))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.FENCED))
                .hasMessageContaining("/out has been taken over by another driver")
                .satisfies(e -> assertThat(e.getSuppressed()).isNotEmpty());

        assertThat(directory.resolve("out")).doesNotExist();
        assertThat(names(stages)).noneMatch(name -> name.matches("decisions-[0-9a-f]{16}"));
        assertThat(names(stages.resolve("leases"))).containsExactly("000002.json");
    }

    @Test
    void shouldSayWhatItFailedWithWhenTheLeaseCannotBeReadEither() {
        Path leases = directory.resolve("out.stages/leases");
        ProgressListener failing = progress -> {
            if (progress.name().equals("filter") && progress.fraction() == 0) {
                replaceByFile(leases);
                throw new PolyglowException(ErrorKind.DATA, "the first failure");
            }
        };

        assertThatThrownBy(() -> PrepareJob.run(spark, config("out"), failing))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessage("the first failure")
                .satisfies(e -> assertThat(e.getSuppressed()).hasAtLeastOneElementOfType(IOException.class));
    }

    private static void replaceByFile(Path folder) {
        try {
            Files.move(folder, folder.resolveSibling("moved"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        write(folder, "in the way");
    }

    @Test
    void shouldWriteToAPlaceOfItsOwnAndClearThatOfTheRunBefore() throws Exception {
        StageKey key = StageKey.of("read", 1).key();
        try (LocalStore store = new LocalStore(directory)) {
            Lease before = Lease.take(store, "s/leases", "The output", SystemNanoClock.INSTANCE, 0);
            StageDirectory stale = new StageDirectory(store, "s", before);
            String old = stale.begin(key);
            write(directory.resolve(old).resolve("part-of-the-old"), "old");

            Lease now = Lease.take(store, "s/leases", "The output", SystemNanoClock.INSTANCE, 0);
            StageDirectory fresh = new StageDirectory(store, "s", now);
            String place = fresh.begin(key);
            assertThat(place).isNotEqualTo(old);
            assertThat(directory.resolve(old)).doesNotExist();
            // the old run is still writing
            Files.createDirectories(directory.resolve(old));
            write(directory.resolve(old).resolve("part-of-the-old"), "old");
            write(directory.resolve(place).resolve("part-of-the-new"), "new");
            assertThatThrownBy(() -> stale.commit(key)).hasMessageContaining("taken over");
            fresh.commit(key);

            assertThat(names(directory.resolve(fresh.path(key)))).containsExactly("part-of-the-new", "stage.json");
            fresh.keepOnly(java.util.Set.of(key));
            assertThat(names(directory.resolve("s"))).containsExactly("leases", key.directory());
        }
    }

    @Test
    void shouldGoOnAtOnceAfterADriverOfThisHostThatDied() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        try (LocalStore store = new LocalStore(directory)) {
            Lease gone = Lease.take(store, "out.stages/leases", "The output", SystemNanoClock.INSTANCE, 0);
            gone.beat();
            var content = java.util.Objects.requireNonNull(SmallFiles.read(store, "out.stages/leases/000001.json"));
            SmallFiles.rewrite(store, "out.stages/leases/000001.json", content.put("pid", dead.pid()));
        }
        long startNs = SystemNanoClock.INSTANCE.nanoTime();
        long[] firstStageNs = new long[1];

        PrepareJob.run(spark, config("out"), progress -> {
            firstStageNs[0] = firstStageNs[0] == 0 ? SystemNanoClock.INSTANCE.nanoTime() : firstStageNs[0];
        });

        assertThat(firstStageNs[0] - startNs).isLessThan(TimeUnit.SECONDS.toNanos(15));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void waitIn(String stage, Progress progress, CountDownLatch reached, CountDownLatch goOn) {
        if (progress.name().equals(stage) && reached.getCount() > 0) {
            reached.countDown();
            try {
                goOn.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
