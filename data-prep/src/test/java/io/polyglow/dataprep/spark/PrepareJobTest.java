package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.dataprep.language.LanguageAccuracy;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class PrepareJobTest extends PrepareFixture {
    @Test
    void shouldPrepareACorpusFromMixedFiles() throws IOException {
        List<Progress> progress = new ArrayList<>();

        PrepareReport report = PrepareJob.run(spark, config("out"), progress::add);

        assertThat(report.languages())
                .extracting(LanguageCount::language)
                .containsExactly("deu_Latn", "eng_Latn", "fra_Latn", "rus_Cyrl");
        assertThat(report.total().documents()).isEqualTo(302);
        assertThat(report.rejected())
                .containsExactly(
                        Map.entry("empty", 1L), Map.entry("exact duplicate", 1L), Map.entry("malformed JSON", 1L));
        assertThat(report.vocabSize()).isEqualTo(300);
        assertThat(report.table()).contains("bytes/token").contains("{empty=1, exact duplicate=1, malformed JSON=1}");
        assertThat(progress).extracting(Progress::stage).isSorted().contains(1, 12);
        assertThat(progress.get(progress.size() - 1)).isEqualTo(new Progress(12, 12, "publish", 1));
    }

    @Test
    void shouldKeepEveryDocumentWithItsAnnotationsAndReasons() throws IOException {
        prepareOut();

        Map<String, Row> rows = new HashMap<>();
        for (Row row : table("out", "documents")
                .join(
                        table("out", "annotations").select("id", "language", "language_score", "languages", "quality"),
                        "id")
                .join(table("out", "duplicates").select("id", "reasons", "cluster", "cluster_size"), "id")
                .collectAsList()) {
            rows.put(row.getAs("source") + ":" + row.getAs("position"), row);
        }
        assertThat(rows).hasSize(305);
        Row malformed = at(rows, "lines.jsonl:301");
        assertThat(malformed.<String>getList(malformed.fieldIndex("reasons")))
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .startsWith("malformed JSON: ");
        Row original = at(rows, "lines.jsonl:6");
        Row copy = at(rows, "lines.jsonl:302");
        assertThat(original.<String>getAs("cluster"))
                .isEqualTo(copy.getAs("cluster"))
                .isEqualTo(List.of(original.<String>getAs("id"), copy.<String>getAs("id")).stream()
                        .min(Comparator.naturalOrder())
                        .orElseThrow());
        assertThat(original.<Long>getAs("cluster_size")).isEqualTo(2);
        Row page = at(rows, "page.html:0");
        assertThat(page.<String>getAs("external_id")).isEqualTo("fra");
        assertThat(page.<String>getAs("stated_language")).isNull();
        assertThat(page.<String>getAs("page_language")).isEqualTo("fr");
        assertThat(page.<Row>getAs("languages").<String>getAs("source")).isEqualTo("DETECTED");
        assertThat(page.<Double>getAs("language_score")).isLessThan(1);
        Row russian = at(rows, "plain.txt:0");
        assertThat(russian.<String>getAs("language")).isEqualTo("rus_Cyrl");
        assertThat(russian.<Row>getAs("languages").<String>getAs("source")).isEqualTo("DETECTED");
        assertThat(russian.<Row>getAs("quality").<Row>getAs("words").<Integer>getAs("count"))
                .isEqualTo(14);
        assertThat(at(rows, "plain.txt:0").<String>getAs("text")).endsWith("\nДа.");
    }

    @Test
    void shouldAnswerQuestionsAboutWhatWasLeftOut() throws IOException {
        prepareOut();

        CorpusTables tables = CorpusTables.open(spark, directory.resolve("out") + "/");
        tables.createViews();

        assertThat(tables.names())
                .containsExactly("annotations", "decisions", "documents", "duplicates", "kept", "outcomes");
        assertThat(spark.sql(
                                "select d.source from documents d join decisions using (id) where size(reasons) > 0 order by 1")
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("empty.txt", "lines.jsonl");
        assertThatThrownBy(() -> tables.table("nonsense")).hasMessageContaining("there are annotations, decisions");
        assertThatThrownBy(() -> CorpusTables.open(spark, input.toString())).hasMessageContaining("no prepare.json");
    }

    @Test
    void shouldFilterDecontaminateAndFindNearDuplicatesOfWebText() throws IOException {
        Path web = Files.createDirectories(directory.resolve("web"));
        String notice = "This notice stands below every single page of the site.";
        for (int i = 0; i < 12; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < 90; j++) {
                text.append("the word")
                        .append((char) ('a' + i))
                        .append((char) ('a' + j % 26))
                        .append((char) ('a' + j / 26))
                        .append(" and ");
            }
            Files.writeString(web.resolve("page" + i + ".txt"), text + "that is.\n" + notice);
            if (i < 2) {
                Files.writeString(web.resolve("copy" + i + ".txt"), text + "that was.\n" + notice);
            }
        }
        Files.writeString(web.resolve("short.txt"), "Too short for a page.");
        Path exam = Files.writeString(
                directory.resolve("exam.txt"),
                Files.readString(web.resolve("page5.txt")).substring(0, 200) + "\n");

        PrepareReport report = PrepareJob.run(
                spark,
                config(
                        "out",
                        "input=" + web,
                        "filter.on=true",
                        "filter.gopher-repetition.on=false",
                        "filter.gopher-quality.min-stop-words=0",
                        "filter.language-score=0",
                        "filter.fineweb.on=false",
                        "filter.c4.on=false",
                        "dedup.near.enabled=true",
                        "dedup.lines.min-documents=5",
                        "decontamination.sets={exam: " + exam + "}",
                        "language=en"),
                ProgressListener.SILENT);

        assertThat(report.rejected())
                .containsEntry("near duplicate", 2L)
                .containsEntry("gopher-quality.words", 1L)
                .hasSize(3);
        assertThat(report.total().documents()).isEqualTo(11);
        assertThat(table("out", "kept").filter("text like '%This notice%'").count())
                .isEqualTo(1);
        assertThat(Files.readString(directory.resolve("out/contamination.json")))
                .contains("\"documents_dropped\": 1");
        assertThatWhatIfAgrees(report);
    }

    private void assertThatWhatIfAgrees(PrepareReport report) throws IOException {
        AnnotatedCorpus annotated =
                AnnotatedCorpus.open(spark, directory.resolve("out").toString());
        WhatIf whatIf = WhatIf.of(annotated, List.of(), List.of("filter.gopher-quality.min-words=1"));
        assertThat(whatIf.total().all().documents()).isEqualTo(15);
        assertThat(whatIf.total().now())
                .isEqualTo(new WhatIf.Amount(
                        report.total().documents(),
                        report.total().bytes(),
                        report.total().tokens()));
        assertThat(whatIf.total().then().documents()).isEqualTo(12);
        assertThat(whatIf.total().added().documents()).isEqualTo(1);
        assertThat(whatIf.table()).contains("Documents that would be new: 1.", "difference");
        assertThat(whatIf.total().all().tokens())
                .isCloseTo(
                        Math.round((double) whatIf.total().all().bytes()
                                * report.total().tokens()
                                / report.total().bytes()),
                        within(2L));
    }

    @Test
    void shouldTellHowOftenLanguagesAreRight() throws IOException {
        PrepareConfig config = config("out", "language=ru", "language-id.trust-page=true");
        PrepareJob.run(spark, config, ProgressListener.SILENT);
        assertThat(table("out", "annotations")
                        .filter("languages.source = 'CONFIG' and language = 'rus_Cyrl'")
                        .count())
                .isEqualTo(1);

        LanguageAgreement agreement = LanguageAgreement.of(spark, config.output(), config.languageId());
        LanguageAgreement strict =
                LanguageAgreement.of(spark, config.output(), config("out").languageId());

        LanguageAccuracy documents = agreement.measures().get(0).accuracy();
        LanguageAccuracy sentences = agreement.measures().get(1).accuracy();
        assertThat(documents.texts()).isEqualTo(302);
        assertThat(documents.recall("fra")).isEqualTo(1);
        assertThat(sentences.languages()).isEqualTo(3);
        assertThat(strict.measures().get(0).accuracy().texts()).isEqualTo(301);
        assertThat(strict.measures().get(1).accuracy().languages()).isEqualTo(2);
        assertThat(sentences.recall("deu")).isZero();
        assertThat(agreement.table()).contains("opennlp", "documents", "sentences", "macro accuracy", "deu as ");
    }

    @Test
    void shouldDrawWhatWasKeptAndWhyTheRestWasNot() throws IOException {
        prepareOut();

        String page = Files.readString(directory.resolve("out/report.html"));
        assertThat(page)
                .contains("<td>read</td>", ">305</td>", "<td>trained on</td>", ">302</td>")
                .contains("<td>exact duplicate</td>", "<td>malformed JSON</td>", "lines.jsonl:301")
                .contains("page.html", "Tous les êtres humains")
                .doesNotContain(">null<");
        assertThat(Files.readString(directory.resolve("out/DATACARD.md")))
                .contains("| trained on | 302 |", "| exact duplicate | 1 |", "vocab-size: 300");
    }

    @Test
    void shouldWriteShardsThatTheTrainerReadsBack() throws IOException {
        PrepareReport report = prepareOut();

        try (LocalStore store = new LocalStore(directory)) {
            TokenDataset dataset = TokenDataset.open(store, "out");
            TokenSplit train = dataset.split("train");
            TokenSplit validation = dataset.split("validation");
            assertThat(train.tokens()).isEqualTo(report.trainTokens());
            assertThat(train.documents() + validation.documents()).isEqualTo(302);
            assertThat(validation.documents()).isBetween(5L, 60L);
            List<String> texts = texts(dataset, train);
            texts.addAll(texts(dataset, validation));
            assertThat(texts).contains("Tous les êtres humains<|endoftext|>").doesNotHaveDuplicates();
            assertThat(dataset.manifest().shards("train").size()).isGreaterThan(2);
        }
    }

    @Test
    void shouldWriteTheSameBytesOnAnyNumberOfPartitions() throws IOException {
        prepareOut();
        spark.conf().set("spark.sql.shuffle.partitions", "7");
        spark.conf().set("spark.sql.files.maxPartitionBytes", "6000");

        PrepareJob.run(spark, config("seven"), ProgressListener.SILENT);

        assertThat(corpusFiles("seven")).hasSizeGreaterThan(10).isEqualTo(corpusFiles("out"));
        // how Parquet cuts its files is Spark's business; what they say is not
        assertThat(documents("seven")).hasSize(305).isEqualTo(documents("out"));
    }

    @Test
    void shouldReuseAnOutputOfTheSameRunAndRefuseToReplaceAnother() throws IOException {
        PrepareReport first = prepareOut();
        PrepareReport again = PrepareJob.run(spark, config("out"), ProgressListener.SILENT);

        assertThat(again.reused()).isTrue();
        assertThat(again.fingerprint()).isEqualTo(first.fingerprint());
        assertThat(again.rejected()).isEqualTo(first.rejected());
        assertThat(again.repaired()).isEqualTo(first.repaired());
        assertThatThrownBy(() -> PrepareJob.run(spark, config("out", "seed=2"), ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("overwrite=true");
        PrepareReport replaced =
                PrepareJob.run(spark, config("out", "seed=2", "overwrite=true"), ProgressListener.SILENT);
        assertThat(replaced.reused()).isFalse();
        assertThat(replaced.fingerprint()).isNotEqualTo(first.fingerprint());
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(Path::getFileName).map(Path::toString))
                    .containsExactlyInAnyOrder("input", "out", "out.stages");
        }
    }

    @Test
    void shouldRejectOrRepairHostileInputInBoundedMemory() throws IOException {
        Path hostile = Files.createDirectories(directory.resolve("hostile"));
        byte[] mebibyte = "x".repeat(1 << 20).getBytes(UTF_8);
        try (OutputStream out = Files.newOutputStream(hostile.resolve("huge.jsonl"))) {
            out.write("\uFEFF{\"text\":\"first line\"}\n{\"text\":\"".getBytes(UTF_8));
            for (int i = 0; i < 100; i++) {
                out.write(mebibyte);
            }
            out.write("\"}\n{\"text\":\"third line\"}\n".getBytes(UTF_8));
        }
        Files.write(hostile.resolve("binary.txt"), new byte[] {'a', (byte) 0xff, 0, 'b'});
        Files.write(hostile.resolve("broken.jsonl.gz"), new byte[] {31, (byte) 139, 8, 0});
        Files.write(hostile.resolve("not-zstd.txt.zst"), "plain".getBytes(UTF_8));

        PrepareReport report = PrepareJob.run(spark, config("out", "input=" + hostile), ProgressListener.SILENT);

        assertThat(report.rejected()).containsExactly(Map.entry("damaged", 2L), Map.entry("too large", 1L));
        assertThat(report.repaired()).isEqualTo(1);
        assertThat(report.table()).endsWith("or NUL characters (removed): 1\n");
        List<String> documents = new ArrayList<>();
        for (Row row : table("out", "documents").collectAsList()) {
            documents.add(row.getAs("source") + ":" + row.getAs("position") + " " + row.getAs("text") + " "
                    + row.getAs("repairs"));
        }
        assertThat(documents)
                .containsExactlyInAnyOrder(
                        "huge.jsonl:1 first line 0",
                        "huge.jsonl:2 null 0",
                        "huge.jsonl:3 third line 0",
                        "binary.txt:0 a\uFFFDb 2",
                        "broken.jsonl.gz:1 null 0",
                        "not-zstd.txt.zst:0 null 0");
    }

    @Test
    void shouldHoldOutTheEndOfEveryDocumentWhenContiguous() throws IOException {
        Files.writeString(directory.resolve("play.txt"), "abcdefghij".repeat(100));

        PrepareJob.run(
                spark,
                config(
                        "out",
                        "input=" + directory.resolve("play.txt"),
                        "split.mode=contiguous",
                        "split.validation=0.1",
                        "tokenizer.pattern=char",
                        "tokenizer.byte-fallback=false"),
                ProgressListener.SILENT);

        try (LocalStore store = new LocalStore(directory)) {
            TokenDataset dataset = TokenDataset.open(store, "out");
            assertThat(dataset.tokenizer().vocabSize()).isEqualTo(11);
            TokenSplit train = dataset.split("train");
            TokenSplit validation = dataset.split("validation");
            assertThat(train.tokens()).isEqualTo(901);
            assertThat(texts(dataset, validation)).containsExactly("abcdefghij".repeat(10) + "<|endoftext|>");
        }
    }

    @Test
    void shouldUseAGivenTokenizer() throws IOException {
        prepareOut();
        Path file = Files.copy(directory.resolve("out/tokenizer.json"), directory.resolve("given.json"));

        PrepareReport report = PrepareJob.run(
                spark, config("out", "overwrite=true", "seed=5", "tokenizer.file=" + file), ProgressListener.SILENT);

        assertThat(report.vocabSize()).isEqualTo(300);
        assertThatThrownBy(() -> PrepareJob.run(
                        spark,
                        config("o", "tokenizer.file=" + directory.resolve("none.json")),
                        ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("none.json");
    }

    @Test
    void shouldLetOneDocumentValidateWhenTheCorpusIsTiny() throws IOException {
        Path tiny = Files.createDirectories(directory.resolve("tiny"));
        for (int i = 0; i < 3; i++) {
            Files.writeString(tiny.resolve(i + ".txt"), "document number " + i);
        }

        PrepareReport report = PrepareJob.run(
                spark, config("out", "input=" + tiny, "split.validation=0.0001"), ProgressListener.SILENT);

        assertThat(report.validationTokens()).isPositive().isLessThan(report.trainTokens());
    }

    @Test
    void shouldReadParquet() throws IOException {
        spark.createDataFrame(
                        List.of(
                                org.apache.spark.sql.RowFactory.create("ein Satz", "de"),
                                org.apache.spark.sql.RowFactory.create(null, "de")),
                        new org.apache.spark.sql.types.StructType()
                                .add("body", "string")
                                .add("lang", "string"))
                .coalesce(1)
                .write()
                .parquet(directory.resolve("table").toString());

        PrepareReport report = PrepareJob.run(
                spark,
                config("out", "input=" + directory.resolve("table"), "columns.text=body", "columns.language=lang"),
                ProgressListener.SILENT);

        assertThat(report.languages()).extracting(LanguageCount::language).containsExactly("deu_Latn");
        assertThat(report.rejected()).containsExactly(Map.entry("no text", 1L));
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("o", "input=" + directory.resolve("table")), ProgressListener.SILENT))
                .hasMessageContaining("no column \"text\"")
                .hasMessageContaining("body");
    }

    @Test
    void shouldMeasureWhatTheTokenizerCostsAndEndAboveTheSetPremium() throws IOException {
        prepareOut();
        JsonObject fertility = Json.parseObject("f", Files.readAllBytes(directory.resolve("out/fertility.json")));
        assertThat(fertility.getString("reference")).isEqualTo("eng_Latn");
        assertThat(fertility.getArray("languages").objects())
                .extracting(row -> row.getString("language"))
                .containsExactlyInAnyOrder("deu_Latn", "eng_Latn", "fra_Latn", "rus_Cyrl");

        assertDataError(
                "tokenizer.max-premium=1.2", "of 4 languages more than 1.2 times the tokens of eng_Latn: rus_Cyrl");
    }

    @Test
    void shouldUseAGivenUnigramModelAsItIs() throws IOException {
        TokenizerConfig unigram = ConfigFile.load(
                        TokenizerConfig.class, "t", "", List.of("model=unigram", "vocab-size=300"))
                .value();
        byte[] json = TokenizerJob.run(
                        spark, List.of(input.resolve("plain.txt").toString()), unigram, ProgressListener.SILENT)
                .tokenizer()
                .json();
        Path file = Files.write(directory.resolve("given.json"), json);

        prepareOut();
        PrepareJob.run(spark, config("out", "overwrite=true", "tokenizer.file=" + file), ProgressListener.SILENT);

        assertThat(directory.resolve("out/tokenizer.json")).hasBinaryContent(json);
        try (LocalStore store = new LocalStore(directory.resolve("out"))) {
            assertThat(TokenDataset.open(store, "").tokenizer().vocabSize()).isLessThanOrEqualTo(300);
        }
    }

    @Test
    void shouldSayInOneParagraphWhatIsWrongWithTheInput() throws IOException {
        Path empty = Files.createDirectories(directory.resolve("void"));
        assertDataError("input=" + empty, "gives nothing to read");
        assertDataError("input=" + directory.resolve("missing"), "does not exist");
        assertDataError("input=" + input.resolve("empty.txt"), "gives nothing to read. The file is empty.");
        Path blank = Files.writeString(directory.resolve("blank.txt"), " \n\t\n");
        assertDataError(
                "input=" + blank,
                "1 of 1 documents were rejected, by reason {empty=1}; the first is blank.txt: empty:");
        assertDataError("input=" + input.resolve("LICENSE"), "set format to");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void shouldRefuseAnOutputThatCannotBeMadeBeforeAnyWork() throws IOException {
        Path notes = Files.writeString(
                Files.createDirectories(directory.resolve("foreign")).resolve("notes.txt"), "years of work");
        assertUsageError(config("foreign"), "not a corpus that prepare made: it has no prepare.json");
        assertUsageError(config("foreign", "overwrite=true"), "It is never replaced; choose another output.");
        assertThat(notes).hasContent("years of work");
        assertUsageError(config("o", "output=" + input.resolve("out")), "inside the input");
        assertUsageError(config("o", "output=" + directory, "overwrite=true"), "inside the output");
        assertUsageError(config("o", "language=not a language"), "BCP 47");
        Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> PrepareJob.run(spark, config("file/out"), ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("file");
    }

    @Test
    void shouldTellOfFilesThatItDoesNotRead() throws IOException {
        for (int i = 0; i < 7; i++) {
            Files.writeString(input.resolve("crawl-" + i + ".jsonl.xz"), "not read");
        }
        prepareOut();
        PrepareConfig other = config("out", "overwrite=true", "seed=2");
        List<String> notes = new ArrayList<>();

        PrepareReport report = PrepareJob.run(spark, other, noting(notes));

        String named = "8 (LICENSE, crawl-0.jsonl.xz, crawl-1.jsonl.xz, crawl-2.jsonl.xz, crawl-3.jsonl.xz, ...)";
        assertThat(notes)
                .filteredOn(note -> note.contains("passed over"))
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .contains(named);
        assertThat(report.table()).contains("files passed over", named);
        JsonObject written = Json.parseObject("p", Files.readAllBytes(directory.resolve("out/prepare.json")));
        assertThat(written.getObject("passed_over").getLong("files")).isEqualTo(8);
        assertThat(Files.readString(directory.resolve("out/report.html")))
                .contains("8 files were not read", "crawl-3.jsonl.xz")
                .doesNotContain("crawl-4");
        assertThat(Files.readString(directory.resolve("out/DATACARD.md"))).contains("8 files were not read");
        assertThat(PrepareJob.run(spark, other, ProgressListener.SILENT).table())
                .isEqualTo(report.table());
    }

    @Test
    void shouldFindFilesByGlobAndPassOverHiddenOnes() throws IOException {
        Files.createDirectories(input.resolve("_temporary"));
        Files.writeString(input.resolve("_temporary/x.txt"), "hidden");
        Files.writeString(input.resolve(".hidden.txt"), "hidden");

        List<InputFile> all = InputFiles.list(spark.sessionState().newHadoopConf(), input.toString(), null);
        List<InputFile> some =
                InputFiles.list(spark.sessionState().newHadoopConf(), directory + "/in*/*.{txt,html}", null);

        assertThat(all)
                .extracting(InputFile::source)
                .containsExactly("empty.txt", "lines.jsonl", "page.html", "plain.txt");
        assertThat(some)
                .extracting(InputFile::source)
                .containsExactly("input/empty.txt", "input/page.html", "input/plain.txt");
    }

    private static Row at(Map<String, Row> rows, String place) {
        return Objects.requireNonNull(rows.get(place), place);
    }

    private void assertUsageError(PrepareConfig config, String part) {
        List<Progress> progress = new ArrayList<>();
        assertThatThrownBy(() -> PrepareJob.run(spark, config, progress::add))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining(part);
        assertThat(progress).isEmpty();
    }

    private void assertDataError(String override, String part) {
        assertThatThrownBy(() -> PrepareJob.run(spark, config("out", override), ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining(part)
                .hasMessageNotContaining("\n");
    }

    /** Every document with all its columns, as text, in order. */
    private List<String> documents(String output) {
        return table(output, "documents").collectAsList().stream()
                .map(Row::toString)
                .sorted()
                .toList();
    }

    private static List<String> texts(TokenDataset dataset, TokenSplit split) {
        List<String> texts = new ArrayList<>();
        for (long i = 0; i < split.documents(); i++) {
            int length = (int) (split.documentStart(i + 1) - split.documentStart(i));
            int[] ids = new int[length];
            split.tokens(split.documentStart(i), length, ids);
            texts.add(new String(dataset.tokenizer().decode(ids, 0, length), UTF_8));
        }
        return texts;
    }
}
