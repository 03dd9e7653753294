package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was taken down, or left out for what it tells of a person, is neither shown nor trained on again. */
class WithheldTextsTest extends PrepareFixture {
    private static final String IBAN = "DE89 3704 0044 0532 0130 00";

    private Path web;

    @BeforeEach
    void makeWeb() throws IOException {
        web = Files.createDirectories(directory.resolve("web"));
        for (int i = 0; i < 20; i++) {
            Files.writeString(
                    web.resolve("page" + i + ".txt"), "Page number " + i + " tells of the weather of the day.");
        }
        Files.writeString(web.resolve("short.txt"), "Write to jane.roe@company.com.");
        Files.writeString(
                web.resolve("account.txt"), "Pay to the account " + IBAN + " of Jane Roe by the end of the month.");
        Files.writeString(
                web.resolve("order.txt"), "Forbidden words that a court had taken out of the corpus for good.");
    }

    private PrepareConfig web(String... overrides) {
        List<String> all = new java.util.ArrayList<>(List.of("input=" + web, "language=en", "pii.iban=drop"));
        all.addAll(List.of(overrides));
        return config("out", all.toArray(new String[0]));
    }

    private PrepareConfig filtered(String... overrides) {
        List<String> all = new java.util.ArrayList<>(List.of(
                "filter.on=true",
                "filter.language-score=0",
                "filter.gopher-quality.min-words=5",
                "filter.gopher-quality.min-stop-words=0",
                "filter.gopher-repetition.on=false",
                "filter.fineweb.on=false",
                "filter.c4.on=false"));
        all.addAll(List.of(overrides));
        return web(all.toArray(new String[0]));
    }

    private Row document(String source) {
        return table("out", "documents")
                .filter("source = '" + source + "'")
                .select("id", "content_hash")
                .head();
    }

    private void takeDown(String id, @Nullable String contentHash) throws IOException {
        try (Store store = new LocalStore(directory)) {
            Tombstone.Taken taken = new Tombstone.Taken(DocumentId.parse(id), contentHash);
            Takedown.run(store, "out", List.of(taken), "court order", Instant.EPOCH);
        }
    }

    private String report() throws IOException {
        return Files.readString(directory.resolve("out/report.html"));
    }

    @Test
    void shouldShowPersonalDataOfWhatWasLeftOutNoMoreThanOfWhatIsKept() throws IOException {
        PrepareReport report = PrepareJob.run(spark, filtered(), ProgressListener.SILENT);

        assertThat(report.rejected()).containsEntry("pii", 1L).containsEntry("gopher-quality.words", 1L);
        assertThat(report())
                .contains("short.txt", "Write to &lt;EMAIL&gt;.")
                .contains("account.txt", "pii: iban", "[not shown]")
                .doesNotContain("jane.roe", IBAN, "Pay to the account");
    }

    @Test
    void shouldNotShowWhatWasTakenDown() throws IOException {
        PrepareJob.run(spark, web("shards.text-bytes=200"), ProgressListener.SILENT);
        Row order = document("order.txt");
        takeDown(order.getString(0), order.getString(1));

        PrepareReport report = PrepareJob.run(spark, web("overwrite=true", "seed=2"), ProgressListener.SILENT);

        assertThat(report.rejected()).containsEntry("taken down", 1L);
        assertThat(report())
                .contains("order.txt", "<mark>taken down</mark>", "[not shown]")
                .doesNotContain("Forbidden words");
    }

    @Test
    void shouldLeaveOutTheTextThatWasTakenDownAndNotWhatStandsInItsPlaceNow() throws IOException {
        Path lines = directory.resolve("growing.jsonl");
        String line = "{\"text\":\"Line number %d of a file that grows.\"}\n";
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= 20; i++) {
            text.append(String.format(line, i));
        }
        Files.writeString(lines, text);
        PrepareJob.run(spark, web("input=" + lines), ProgressListener.SILENT);
        List<Row> rows = table("out", "documents")
                .filter("position in (7, 12)")
                .orderBy("position")
                .select("id", "content_hash")
                .collectAsList();
        takeDown(rows.get(0).getString(0), rows.get(0).getString(1));
        takeDown(rows.get(1).getString(0), null);
        Files.writeString(lines, String.format(line, 0) + text);

        PrepareReport report = PrepareJob.run(spark, web("input=" + lines, "overwrite=true"), ProgressListener.SILENT);

        assertThat(report.rejected()).containsExactly(Map.entry("taken down", 2L));
        assertThat(table("out", "decisions")
                        .filter("size(reasons) > 0")
                        .orderBy("position")
                        .select("position")
                        .collectAsList())
                .extracting(row -> row.getLong(0))
                .containsExactly(8L, 12L);
    }
}
