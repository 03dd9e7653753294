package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.dedup.PlantedDuplicates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A corpus that is prepared against earlier ones: what is left out, what is read of them, and which are refused. */
@Tag("nightly")
class EarlierCorpusTest extends PrepareFixture {
    private final PlantedDuplicates layout = new PlantedDuplicates(1000, 5);

    private String text(int index) {
        return layout.document(index).text();
    }

    private void prepare(String name, List<String> texts, String... settings) throws IOException {
        Path folder = Files.createDirectories(directory.resolve(name + "-text"));
        Files.writeString(folder.resolve("lines.txt"), String.join("\n", texts) + "\n");
        PrepareJob.run(spark, near(name, settings), ProgressListener.SILENT);
    }

    private PrepareConfig near(String name, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "input=" + directory.resolve(name + "-text"),
                "format=lines",
                "dedup.near.enabled=true",
                "language=en"));
        all.addAll(List.of(settings));
        return config(name, all.toArray(new String[0]));
    }

    private String against(String... names) {
        return Arrays.stream(names)
                .map(name -> directory.resolve(name).toString())
                .collect(Collectors.joining(", ", "dedup.against=[", "]"));
    }

    @Test
    void shouldLeaveOutWhatEarlierCorporaKept() throws IOException {
        String both = text(998);
        String leftOut = text(999);
        prepare("first", List.of(text(996), both, leftOut + " Write to jo@mail.net", text(990)), "pii.email=drop");
        String wordless = "*** ?! ***";
        prepare("second", List.of(text(997), both, text(991), wordless));

        prepare(
                "new",
                List.of(text(996).toUpperCase(Locale.ROOT), text(997), both, leftOut, text(995), wordless),
                against("first", "second"));

        List<Row> rows = table("new", "duplicates").orderBy("position").collectAsList();
        assertThat(rows)
                .extracting(row -> row.<String>getAs("duplicate"))
                .containsExactly("near duplicate", "exact duplicate", "exact duplicate", null, null, "exact duplicate");
        assertThat(List.of(rows.get(0), rows.get(1), rows.get(2), rows.get(5)))
                .extracting(row -> row.<String>getAs("cluster"))
                .containsExactly(
                        "earlier:1:" + id("first", 1),
                        "earlier:2:" + id("second", 1),
                        "earlier:1:" + id("first", 2),
                        "earlier:2:" + id("second", 4));

        // the same corpora under another name change nothing
        Files.move(directory.resolve("first"), directory.resolve("moved"));
        Files.move(directory.resolve("first.stages"), directory.resolve("moved.stages"));
        List<String> stages = new ArrayList<>();
        PrepareJob.run(
                spark,
                near("new", against("moved", "second"), "overwrite=true", "split.validation=0.2"),
                progress -> stages.add(progress.name()));
        assertThat(stages).contains("deduplicate (unchanged)");
        assertThat(EarlierCorpus.open(
                                spark,
                                directory.resolve("second").toString(),
                                near("new").dedup().near())
                        .bytes())
                .as("what sizes the joins: three signatures and sets of shingles, and Parquet's own")
                .isBetween(3 * (448 + 8 * 150L), 20_000L);
    }

    @Test
    void shouldSayWhichEarlierCorpusKnowsWhatIsNotNew() throws IOException {
        prepare("first", List.of(text(996), text(997), text(990)));
        prepare("second", List.of(text(998), text(991)));
        String known = "documents are known from earlier corpora (2 from " + directory.resolve("first") + ", 1 from "
                + directory.resolve("second") + "). To prepare these again, leave dedup.against out.";
        List<String> fresh = new ArrayList<>(List.of(text(996).toUpperCase(Locale.ROOT), text(997), text(998)));

        assertThatThrownBy(() -> prepare("new", fresh, against("first", "second")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageEndingWith("gives no text to train on: 3 of 3 " + known);

        fresh.add(text(995) + " Write to jo@mail.net");
        assertThatThrownBy(() -> prepare("new", fresh, against("first", "second"), "pii.email=drop"))
                .hasMessageContaining("3 of 4 " + known + " 1 of 4 documents were rejected, by reason {pii=1}; the"
                        + " first is lines.txt:4: pii: email");
    }

    private String id(String name, long position) {
        return table(name, "documents").filter("position = " + position).first().getAs("id");
    }

    @Test
    void shouldRefuseWhatCannotBeCompared() throws IOException {
        prepare("old", List.of(text(996), text(997), text(998)));
        prepare("plain", List.of(text(996), text(997), text(998)), "dedup.near.enabled=false");

        assertRefused("near.enabled is false", against("old"), "dedup.near.enabled=false");
        assertRefused("which is the output itself", against("old", "new"));
        assertRefused("plain has no sketches", against("plain"));
        assertRefused("14 x 8) than this corpus (sketch 1, ICU", against("old"), "dedup.near.bands=20");
        Path json = directory.resolve("old/prepare.json");
        Files.writeString(
                json, Files.readString(json).replaceFirst("(\"sketches\": \"sketch 1, ICU )[0-9.]+", "$112.3"));
        assertRefused("ICU 12.3, 14 x 8", against("old"));
        try (Stream<Path> sketches = Files.list(directory.resolve("plain.stages"))) {
            assertThat(sketches.map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("sketches"));
        }
    }

    private void assertRefused(String why, String... settings) {
        assertThatThrownBy(() -> prepare("new", List.of(text(995)), settings))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining(why);
        assertThat(directory.resolve("new")).doesNotExist();
    }
}
