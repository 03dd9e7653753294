package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Questions about corpora that prepare made: kept now is what they hold. */
class WhatIfTest extends PrepareFixture {
    private static final int PAGES = 12;

    private Path web;

    @BeforeEach
    void makeWeb() throws IOException {
        web = Files.createDirectories(directory.resolve("web"));
        for (int i = 0; i < PAGES; i++) {
            Files.writeString(
                    web.resolve("page" + i + ".txt"),
                    "Page " + (char) ('a' + i) + " tells of the weather of the day in town.");
        }
        Files.writeString(web.resolve("short.txt"), "Too short to stay.");
    }

    private PrepareReport prepare(String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "input=" + web,
                "language=en",
                "filter.on=true",
                "filter.gopher-quality.min-stop-words=0",
                "filter.gopher-repetition.on=false",
                "filter.fineweb.on=false",
                "filter.c4.on=false"));
        all.addAll(List.of(overrides));
        return PrepareJob.run(spark, config("out", all.toArray(new String[0])), ProgressListener.SILENT);
    }

    private WhatIf ask(String... then) throws IOException {
        AnnotatedCorpus corpus =
                AnnotatedCorpus.open(spark, directory.resolve("out").toString());
        return WhatIf.of(corpus, List.of(), List.of(then));
    }

    private static WhatIf.Amount amount(LanguageCount count) {
        return new WhatIf.Amount(count.documents(), count.bytes(), count.tokens());
    }

    @Test
    void shouldGoByTheThresholdsThatTheRunReadWhateverTheirFilesSayNow() throws IOException {
        Path thresholds = Files.createDirectories(directory.resolve("thresholds"));
        Path english = thresholds.resolve("eng_Latn.yaml");
        Files.writeString(english, "gopher-quality: {min-words: 8}\n");
        PrepareReport report = prepare("filter.thresholds=" + thresholds);
        assertThat(report.rejected()).containsOnlyKeys("gopher-quality.words");

        Files.writeString(english, "gopher-quality: {min-words: 1000}\n");

        assertThat(ask().total().now()).isEqualTo(amount(report.total()));
        assertThat(ask("filter.gopher-quality.min-words=1").total().then().documents())
                .isEqualTo(PAGES + 1);
        assertThat(ask("filter.thresholds=" + thresholds).total().then().documents())
                .as("a directory that is named is read")
                .isZero();
        Files.delete(english);
        Files.delete(thresholds);
        assertThat(ask().total().now()).isEqualTo(amount(report.total()));
    }

    @Test
    void shouldNotCountWhatEditsOrTakeDownsLeftNothingOf() throws IOException {
        String menu = "Home, news, contact and imprint";
        String notice = "All rights reserved by the owners";
        for (String copy : List.of("", "-copy")) {
            Files.writeString(web.resolve("a" + copy + ".txt"), menu + "\n" + notice);
            Files.writeString(web.resolve("b" + copy + ".txt"), notice + "\n" + menu);
            Files.copy(web.resolve("page3.txt"), web.resolve("page3" + copy + "-again.txt"));
        }
        PrepareReport report = prepare("filter.gopher-quality.min-words=8", "dedup.lines.min-documents=2");
        assertThat(report.rejected()).containsEntry("empty after edits", 1L).containsEntry("exact duplicate", 4L);

        assertThat(ask().total().now()).isEqualTo(amount(report.total()));

        Row page = table("out", "duplicates")
                .filter("source like 'page3%' and id = cluster")
                .select("id", "content_hash")
                .head();
        try (Store store = new LocalStore(directory)) {
            Tombstone.Taken taken = new Tombstone.Taken(DocumentId.parse(page.getString(0)), page.getString(1));
            Takedown.run(store, "out", List.of(taken), "court order", Instant.EPOCH);

            LanguageCount left = CorpusManifest.read(store, "out").languages().get(0);
            WhatIf after = ask();
            assertThat(left.documents()).isEqualTo(report.total().documents() - 1);
            assertThat(after.total().now()).isEqualTo(amount(left));
            assertThat(after.total().then()).isEqualTo(amount(left));
        }
    }
}
