package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.Takedowns;
import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was taken out of a corpus stays out, whoever writes to the corpus and whenever he is killed. */
class TakedownJobTest extends PrepareFixture {
    private String corpus;

    @BeforeEach
    void prepare() throws IOException {
        corpus = directory.resolve("out").toString();
        prepareOut();
    }

    /** A document by its line. */
    private Tombstone.Taken line(int position) {
        Row row = table("out", "documents")
                .filter("source = 'lines.jsonl' and position = " + position)
                .select("id", "content_hash")
                .head();
        return new Tombstone.Taken(DocumentId.parse(row.getString(0)), row.getString(1));
    }

    private Tombstone takeDown(int position) throws IOException {
        return TakedownJob.run(corpus, () -> List.of(line(position)), "asked by a test", Instant.EPOCH);
    }

    private Takedowns takedowns() throws IOException {
        try (Store store = new LocalStore(directory)) {
            return Takedowns.read(store, "out");
        }
    }

    private String page(String name) throws IOException {
        return Files.readString(directory.resolve("out").resolve(name));
    }

    @Test
    void shouldKeepTombstonesWhenARunIsKilledBetweenItsTwoRenames() throws IOException {
        takeDown(7);
        Files.move(directory.resolve("out"), directory.resolve("out.replaced"));

        PrepareReport report =
                PrepareJob.run(spark, config("out", "overwrite=true", "seed=2"), ProgressListener.SILENT);

        assertThat(report.rejected()).containsEntry("taken down", 1L);
        assertThat(takedowns().tombstones()).hasSize(1);
        assertThat(directory.resolve("out.replaced")).doesNotExist();
    }

    @Test
    void shouldTakeOutOfACorpusThatAKilledRunPutAside() throws IOException {
        Files.move(directory.resolve("out"), directory.resolve("out.replaced"));

        takeDown(7);

        assertThat(takedowns().tombstones()).hasSize(1);
        assertThat(directory.resolve("out.replaced")).doesNotExist();
    }

    @Test
    void shouldRefuseWhatElseWouldWriteToTheCorpusMeanwhile() throws IOException {
        List<Throwable> refused = new ArrayList<>();
        Tombstone first = TakedownJob.run(
                corpus,
                () -> {
                    refused.add(org.assertj.core.api.Assertions.catchThrowable(() -> takeDown(8)));
                    refused.add(org.assertj.core.api.Assertions.catchThrowable(() ->
                            PrepareJob.run(spark, config("out", "overwrite=true", "seed=2"), ProgressListener.SILENT)));
                    return List.of(line(7));
                },
                "asked by a test",
                Instant.EPOCH);

        assertThat(refused).hasSize(2).allSatisfy(error -> assertThat(error)
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("is in use by process"));
        assertThat(refused.get(0)).hasMessageContaining("which one prepare or takedown at a time may change");
        assertThat(takedowns().tombstones()).containsExactly(first);
    }

    @Test
    void shouldNotPublishOverATakedownThatItDidNotKnowOf() throws IOException {
        AtomicBoolean done = new AtomicBoolean();
        ProgressListener takingOut = progress -> {
            if (progress.name().equals("publish") && !done.getAndSet(true)) {
                try (Store store = new LocalStore(directory)) {
                    Takedown.run(store, "out", List.of(line(7)), "past the lease", Instant.EPOCH);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        PrepareConfig other = config("out", "overwrite=true", "seed=2");

        assertThatThrownBy(() -> PrepareJob.run(spark, other, takingOut))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.FENCED))
                .hasMessageContaining("there were 0 take-downs when it began, now there are 1")
                .hasMessageContaining("Run the same command again");

        assertThat(PrepareJob.run(spark, other, ProgressListener.SILENT).rejected())
                .containsEntry("taken down", 1L);
        assertThat(takedowns().tombstones()).hasSize(1);
    }

    @Test
    void shouldSayThatThereIsNoCorpusAndMakeNothing() {
        String nowhere = directory.resolve("nowhere").toString();

        assertThatThrownBy(() -> TakedownJob.run(nowhere, List::of, "asked by a test", Instant.EPOCH))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("There is no corpus at " + nowhere);

        assertThat(Path.of(nowhere + ".stages")).doesNotExist();
    }

    @Test
    void shouldMakeThePagesThatTakedownsDeletedAgainFromWhatIsLeft() throws IOException {
        PrepareConfig filtered = config("out", "overwrite=true", "pii.email=redact");
        String before = page(CorpusManifest.CARD);
        takeDown(7);
        takeDown(8);
        assertThat(directory.resolve("out/report.html")).doesNotExist();
        List<String> notes = new ArrayList<>();

        PrepareReport report = PrepareJob.run(spark, filtered, noting(notes));

        assertThat(report.reused()).isTrue();
        assertThat(notes).anyMatch(note -> note.contains("made again from what is left"));
        assertThat(page(CorpusManifest.CARD)).isNotEqualTo(before).contains("taken down");
        assertThat(page("report.html")).contains("lines.jsonl:7", "[not shown]").doesNotContain("line 6 of the corpus");
        notes.clear();
        PrepareJob.run(spark, filtered, noting(notes));
        assertThat(notes).noneMatch(note -> note.contains("made again"));
    }

    @Test
    void shouldAnswerQuestionsFromWhatIsLeft() throws IOException {
        String id = line(7).id().toString();
        Function<String, List<String>> lines = question ->
                spark.sql(question + " where id = '" + id + "'").toJSON().collectAsList();
        CorpusTables.open(spark, corpus).createViews();
        assertThat(lines.apply("select id from kept")).hasSize(1);
        long others = spark.sql("select * from outcomes where id = cluster").count();
        takeDown(7);

        CorpusTables.open(spark, corpus).createViews();

        assertThat(lines.apply("select id from kept")).isEmpty();
        for (String table : List.of("decisions", "duplicates", "outcomes")) {
            assertThat(lines.apply("select reasons from " + table)).containsExactly("{\"reasons\":[\"taken down\"]}");
        }
        assertThat(lines.apply("select cluster, duplicate from outcomes")).containsExactly("{}");
        assertThat(spark.sql("select * from outcomes where id = cluster").count())
                .isEqualTo(others - 1);
    }

    @Test
    void shouldTellItsOwnOutputAlsoAfterATakedownOfOneThatKnewOfOthers() throws IOException {
        PrepareConfig other = config("out", "overwrite=true", "seed=2");
        takeDown(7);
        PrepareJob.run(spark, other, ProgressListener.SILENT);
        takeDown(8);

        assertThat(PrepareJob.run(spark, other, ProgressListener.SILENT).reused())
                .isTrue();

        assertThat(takedowns().tombstones()).hasSize(2);
        assertThat(page(CorpusManifest.CARD)).contains("| taken down | 2 |");
    }
}
