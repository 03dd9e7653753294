package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.util.QueryExecutionListener;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which documents are meant when an id, a file or an address is named. */
class DocumentLookupTest extends PrepareFixture {
    private DocumentLookup lookup;
    private Map<String, Row> rows;

    @BeforeEach
    void prepare() throws IOException {
        Path files = Files.createDirectories(directory.resolve("files"));
        Files.writeString(files.resolve("a.jsonl"), lines("a", 0, 60) + "{\"text\": broken\n");
        Files.writeString(files.resolve("b.jsonl"), lines("b", 40, 100));
        prepareOut("documents to look up", config("out", "input=" + files, "language=en"));
        lookup = DocumentLookup.open(spark, directory.resolve("out").toString());
        rows = table("out", "documents").collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getAs("source") + ":" + row.getAs("position"), row -> row));
    }

    private static String lines(String host, int from, int to) {
        StringBuilder lines = new StringBuilder();
        for (int i = from; i < to; i++) {
            lines.append(String.format("{\"text\":\"text %d\",\"url\":\"https://%s.org/%d\"}\n", i, host, i));
        }
        return lines.toString();
    }

    private String id(String place) {
        return Objects.requireNonNull(rows.get(place), place).getAs("id");
    }

    @Test
    void shouldFindWhatIsNamedAndItsEquals() {
        assertThat(lookup.withEquals(List.of(id("a.jsonl:3")), List.of("b.jsonl:1"), List.of("https://b.org/99")))
                .extracting(taken -> taken.id().toString())
                .containsExactlyInAnyOrder(id("a.jsonl:3"), id("b.jsonl:1"), id("a.jsonl:41"), id("b.jsonl:60"));
        assertThat(lookup.withEquals(List.of(), List.of("c.jsonl"), List.of())).isEmpty();
        assertThat(lookup.withEquals(List.of(id("a.jsonl:61")), List.of(), List.of()))
                .extracting(Tombstone.Taken::contentHash)
                .containsExactly((String) null);
    }

    @Test
    void shouldNameSourcesAndAddressesThatNoDocumentComesFrom() {
        List<String> sources = List.of("b.jsonl:1", "c.jsonl", "a.jsonl", "a.jsonl:62");
        List<String> urls = List.of("https://b.org/99", "https://c.org/1");

        assertThat(lookup.unmatched(sources, urls)).containsExactly("c.jsonl", "a.jsonl:62", "https://c.org/1");
        assertThat(lookup.unmatched(List.of(), List.of())).isEmpty();
    }

    @Test
    void shouldTellOfDocumentsById() {
        Map<String, DocumentStory> found =
                lookup.byId(List.of(id("a.jsonl:61"), id("b.jsonl:2"), "00000000000000000000000000000000"));

        assertThat(found).containsOnlyKeys(id("a.jsonl:61"), id("b.jsonl:2"));
        assertThat(found.get(id("b.jsonl:2"))).extracting(DocumentStory::url).isEqualTo("https://b.org/41");
        assertThat(Objects.requireNonNull(found.get(id("a.jsonl:61"))).reasons())
                .singleElement()
                .asString()
                .startsWith("malformed JSON");
    }

    @Test
    void shouldTellWhatWasDecidedOfDocuments() throws IOException {
        Path web = Files.createDirectories(directory.resolve("web"));
        String footer = "The footer that every page of this site has at its end.";
        for (int i = 0; i < 12; i++) {
            Files.writeString(
                    web.resolve("page" + i + ".txt"),
                    "Page " + Character.toString('a' + i).repeat(4) + " tells of the weather of that day.\n"
                            + (i == 3 ? "Please switch JavaScript on to see this page.\n" : "")
                            + (i == 4 ? "Write to jane.roe@company.com or to jo@company.com today.\n" : "")
                            + footer + "\n");
        }
        Files.copy(web.resolve("page5.txt"), web.resolve("copy.txt"));
        Files.writeString(web.resolve("short.txt"), "No.");
        Path thresholds = Files.createDirectories(directory.resolve("thresholds"));
        Path english = Files.writeString(thresholds.resolve("eng_Latn.yaml"), "c4: {on: true}\n");
        PrepareJob.run(
                spark,
                config(
                        "pages",
                        "input=" + web,
                        "language=en",
                        "filter.on=true",
                        "filter.language-score=0",
                        "filter.gopher-quality.min-words=5",
                        "filter.gopher-quality.min-stop-words=0",
                        "filter.gopher-quality.min-mean-word-length=1",
                        "filter.gopher-repetition.on=false",
                        "filter.fineweb.on=false",
                        "filter.thresholds=" + thresholds,
                        "filter.c4.min-sentences=0",
                        "dedup.lines.min-documents=2"),
                ProgressListener.SILENT);
        Files.delete(english); // what the run read of it is in the corpus
        Files.delete(thresholds);
        lookup = DocumentLookup.open(spark, corpus("pages"));
        Map<String, DocumentStory> stories = storiesByPlace("pages");

        assertThat(stories).hasSize(14);
        assertThat(told(stories, "page3.txt").decided())
                .startsWith("eng_Latn 1.00; kept; c4 took out 46 characters in 1 places")
                .contains(" bytes left of ");
        assertThat(IntStream.range(0, 12)
                        .mapToObj(i -> told(stories, "page" + i + ".txt").decided())
                        .filter(decided -> decided.contains("passages took out ")))
                .hasSizeGreaterThan(9);
        assertThat(told(stories, "page4.txt").redacted()).containsExactly(Map.entry("email", 2L));
        DocumentStory first = told(stories, "page5.txt");
        DocumentStory second = told(stories, "copy.txt");
        DocumentStory kept = first.duplicate() == null ? first : second;
        DocumentStory left = first.duplicate() == null ? second : first;
        assertThat(kept.decided()).contains("kept, stands for 1 duplicates");
        assertThat(left.decided()).isEqualTo("eng_Latn 1.00; left out: exact duplicate of " + kept.id());
        assertThat(told(stories, "short.txt").decided()).contains("left out: gopher-quality.words 1 < 5");
        assertThat(told(stories, "short.txt").keptBytes()).isZero();
        assertThat(lookup.bySource("nowhere.txt")).isEmpty();
    }

    @Test
    void shouldTellOfASourceOrALineOfIt() {
        assertThat(lookup.bySource("a.jsonl")).hasSize(61);
        assertThat(story("b.jsonl:2").place()).isEqualTo("b.jsonl:2");
        assertThat(story("a.jsonl:61").decided()).contains("left out: malformed JSON");
    }

    /** As shells complete it; else a take-down would leave documents with the same text in. */
    @Test
    void shouldFindTheTablesOfACorpusNamedWithASlashAtItsEnd() throws IOException {
        assertThat(DocumentLookup.isPossible(corpus("out") + "/")).isTrue();
        assertThat(DocumentLookup.isPossible(corpus("nowhere") + "/")).isFalse();
        assertThat(DocumentLookup.open(spark, corpus("out") + "/").bySource("a.jsonl"))
                .hasSize(61);
    }

    private DocumentStory story(String source) {
        Map<String, DocumentStory> found = lookup.bySource(source);
        assertThat(found).as(source).hasSize(1);
        return found.values().iterator().next();
    }

    /** Of every document of an output, in one query. */
    private Map<String, DocumentStory> storiesByPlace(String output) {
        List<String> ids =
                table(output, "documents").select("id").as(Encoders.STRING()).collectAsList();
        return lookup.byId(ids).values().stream().collect(Collectors.toMap(DocumentStory::place, story -> story));
    }

    private static DocumentStory told(Map<String, DocumentStory> stories, String place) {
        return Objects.requireNonNull(stories.get(place), place);
    }

    private String corpus(String output) {
        return directory.resolve(output).toString();
    }

    /** A file of millions must not become a query with millions of literals. */
    @Test
    void shouldFindEqualsOfAWholeFileByJoins() throws TimeoutException {
        Queue<String> plans = new ConcurrentLinkedQueue<>();
        QueryExecutionListener listener = new QueryExecutionListener() {
            @Override
            public void onSuccess(String function, QueryExecution execution, long durationNs) {
                plans.add(execution.analyzed().toString());
            }

            @Override
            public void onFailure(String function, QueryExecution execution, Exception problem) {
                plans.add(problem.toString());
            }
        };
        spark.listenerManager().register(listener);
        try {
            List<Tombstone.Taken> taken = lookup.withEquals(List.of(), List.of("a.jsonl"), List.of());

            assertThat(taken).hasSize(61 + 20);
            spark.sparkContext().listenerBus().waitUntilEmpty();
        } finally {
            spark.listenerManager().unregister(listener);
        }
        assertThat(plans).isNotEmpty().allSatisfy(plan -> assertThat(rows.values())
                .extracting(row -> row.<String>getAs("content_hash"))
                .noneMatch(hash -> hash != null && plan.contains(hash)));
    }
}
