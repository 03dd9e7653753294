package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** A document that edits leave nothing of is left out, with a reason. */
class KeptTextsTest extends PrepareFixture {
    @Test
    void shouldLeaveOutWhatEditsLeftNothingOf() throws IOException {
        Path site = Files.createDirectories(directory.resolve("site"));
        String menu = "Home, news, contact and imprint";
        String notice = "All rights reserved by the owners";
        Files.writeString(site.resolve("a.txt"), menu + "\n" + notice);
        Files.writeString(site.resolve("b.txt"), notice + "\n" + menu);
        Files.writeString(site.resolve("c.txt"), menu + "\n\n" + notice + "\n" + menu);
        Files.writeString(site.resolve("d.txt"), menu + "\nA text of its own.\n" + notice);

        PrepareReport report = PrepareJob.run(
                spark,
                config("out", "input=" + site, "language=en", "dedup.lines.min-documents=2"),
                ProgressListener.SILENT);

        CorpusTables tables = CorpusTables.open(spark, directory.resolve("out").toString());
        tables.createViews();
        long emptied = report.rejected().getOrDefault("empty after edits", 0L);
        // of each line the first occurrence stays, all of them in the document with the smallest id
        assertThat(emptied).isBetween(2L, 3L);
        assertThat(report.total().documents()).isEqualTo(4 - emptied);
        assertThat(spark.sql("select id from outcomes where array_contains(reasons, 'empty after edits')"
                                + " and cluster is null")
                        .count())
                .isEqualTo(emptied);
        assertThat(spark.sql("select id from outcomes where id = cluster").count())
                .isEqualTo(4 - emptied);
        assertThat(table("out", "kept").select("text").collectAsList())
                .extracting((Row row) -> row.getString(0).strip())
                .doesNotContain("");
        assertThat(Files.readString(directory.resolve("out/report.html"))).contains("<td>empty after edits</td>");
        try (LocalStore store = new LocalStore(directory)) {
            TokenDataset corpus = TokenDataset.open(store, "out");
            TokenSplit train = corpus.split("train");
            assertThat(train.documents() + corpus.split("validation").documents())
                    .isEqualTo(4 - emptied);
            assertThat(train.tokens()).isGreaterThan(train.documents());
        }
    }

    @Test
    void shouldSayThatEditsLeftNothingOfTheWholeInput() throws IOException {
        Path exam = Files.writeString(
                directory.resolve("exam.txt"),
                "one of the questions of this exam asks for the names of all the planets of our sun\n");
        Path site = Files.createDirectories(directory.resolve("site"));
        Files.copy(exam, site.resolve("page.txt"));

        assertThatThrownBy(() -> PrepareJob.run(
                        spark,
                        config(
                                "out",
                                "input=" + site,
                                "decontamination.sets={exam: " + exam + "}",
                                "decontamination.action=cut"),
                        ProgressListener.SILENT))
                .hasMessageContaining("by reason {empty after edits=1}; the first is page.txt: empty after edits");
    }
}
