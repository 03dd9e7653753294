package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.dataprep.filter.FilterConfig;
import io.polyglow.dataprep.filter.QualityAnnotator;
import io.polyglow.dataprep.filter.QualityStats;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/** Decisions, what-if and fitting over a small table of annotations. */
final class FilterTablesTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("language", DataTypes.StringType, false)
            .add("language_score", DataTypes.DoubleType, false)
            .add("quality", QualityColumns.SCHEMA, false)
            .add("bytes", DataTypes.LongType, false)
            .add("languages", LanguageColumns.SCHEMA, false);
    private static final QualityAnnotator ANNOTATOR = new QualityAnnotator(ThresholdCatalog.builtIn());
    private static final String LONG =
            "Watu wote wa kijiji walikuwa na furaha kwa sababu ya mvua ambayo ilinyesha baada ya miezi mingi ya ukame na njaa.";

    @Test
    void shouldBringStatsThroughARow() {
        QualityStats stats = ANNOTATOR.annotate("One { two.\n\nThree.\n", "eng_Latn");
        Row back = table(List.of(row("a", "eng_Latn", 1.0, QualityColumns.row(stats), 20L)))
                .first();
        assertThat(QualityColumns.stats(back.getStruct(3))).isEqualTo(stats);
    }

    @Test
    void shouldDecideFromAnnotationsAlone() {
        List<String> reasons = Decisions.filterReasons(annotations(4).first(), 1, ThresholdCatalog.builtIn());
        assertThat(reasons).contains("gopher-quality.words 21 < 50");
    }

    @Test
    void shouldTellWhatOtherThresholdsWouldKeep() {
        AnnotatedCorpus corpus =
                new AnnotatedCorpus(annotations(100), null, null, "test", settings(0.3), null, Map.of("swh_Latn", 5.0));
        WhatIf answer = WhatIf.of(corpus, List.of(), List.of("filter.language-score=0.75"));
        WhatIf.Language swahili = answer.languages().get(0);
        assertThat(swahili.label()).isEqualTo("swh_Latn");
        assertThat(swahili.all().documents()).isEqualTo(100);
        assertThat(swahili.now().documents()).isEqualTo(70);
        assertThat(swahili.then().documents()).isEqualTo(25);
        assertThat(swahili.then().bytes()).isEqualTo(25 * 400);
        assertThat(swahili.then().tokens()).isEqualTo(25 * 80);
        assertThat(answer.table().lines().toList().get(2).split(" +"))
                .containsExactly(
                        "swh_Latn",
                        "100",
                        "70",
                        "25",
                        "-45",
                        "28,000",
                        "10,000",
                        "-18,000",
                        "5,600",
                        "2,000",
                        "-3,600");
        assertThat(answer.table()).contains("Only the filters are considered");
        assertThat(answer.json().toString()).isNotEmpty();
    }

    @Test
    void shouldKeepWhatARunDecidedBesidesItsFilters() {
        AnnotatedCorpus corpus =
                new AnnotatedCorpus(annotations(100), outcomes(), null, "test", settings(0.3), null, Map.of());

        WhatIf stricter = WhatIf.of(corpus, List.of(), List.of("filter.language-score=0.505"));
        WhatIf looser = WhatIf.of(corpus, List.of(), List.of("filter.language-score=0.1"));

        assertThat(stricter.total().all().documents()).isEqualTo(100);
        assertThat(stricter.total().now()).isEqualTo(new WhatIf.Amount(67, 67 * 300, 67 * 75));
        assertThat(looser.total().now()).isEqualTo(stricter.total().now());
        // d051 stands for d050 now
        assertThat(stricter.total().then().documents()).isEqualTo(48);
        assertThat(stricter.total().then().bytes()).isEqualTo(47 * 300 + 400);
        assertThat(stricter.total().added().documents()).isZero();
        assertThat(looser.total().then().documents()).isEqualTo(67 + 19);
        assertThat(looser.total().added().documents()).isEqualTo(19);
        assertThat(looser.json().getObject("total").getObject("not_compared").getLong("documents"))
                .isEqualTo(19);
    }

    @Test
    void shouldCountNothingInThePlaceOfADocumentThatIsGone() {
        Dataset<Row> gone = outcomes().withColumn("gone", col("id").isin("d045", "d050"));
        AnnotatedCorpus corpus =
                new AnnotatedCorpus(annotations(100), gone, null, "test", settings(0.3), null, Map.of());

        WhatIf same = WhatIf.of(corpus, List.of(), List.of());
        WhatIf stricter = WhatIf.of(corpus, List.of(), List.of("filter.language-score=0.505"));

        // d051 is like d050, which is gone, and stands for it only when the filters do not let d050 through
        assertThat(same.total().now()).isEqualTo(new WhatIf.Amount(65, 65 * 300, 65 * 75));
        assertThat(same.total().then()).isEqualTo(same.total().now());
        assertThat(stricter.total().then().documents()).isEqualTo(48);
    }

    /** Of a run with language-score 0.3: d020 and d040 hold personal data, d051 is like d050, d060 like a document of an earlier corpus. */
    private static Dataset<Row> outcomes() {
        ThresholdCatalog thresholds = ThresholdCatalog.of(config("min-words: 10", 0.3));
        List<Row> outcomes = new ArrayList<>();
        List<Row> annotated = annotations(100).collectAsList();
        for (int i = 0; i < 100; i++) {
            List<String> reasons = new ArrayList<>(Decisions.filterReasons(annotated.get(i), 1, thresholds));
            if (i == 20 || i == 40) {
                reasons.add("pii: EMAIL");
            }
            String id = "d%03d".formatted(i);
            String cluster = i == 51 ? "d050" : i == 60 ? "earlier:a" : reasons.isEmpty() ? id : null;
            outcomes.add(RowFactory.create(id, reasons.toArray(), cluster, id.equals(cluster) ? 300L : null, false));
        }
        return LocalSpark.session()
                .createDataFrame(
                        outcomes,
                        StructType.fromDDL(
                                "id string, reasons array<string>, cluster string, kept_bytes bigint, gone boolean"));
    }

    @Test
    void shouldFitTheSameForAnyPartitioning() {
        FitThresholds one = FitThresholds.of(annotations(50).repartition(1), Map.of(), 0.1, 10);
        FitThresholds seven = FitThresholds.of(annotations(50).repartition(7), Map.of(), 0.1, 10);
        assertThat(one.files()).containsOnlyKeys("swh_Latn");
        assertThat(one).isEqualTo(seven);
        assertThat(one.files().get("swh_Latn")).contains("language-score: 0.3\n", "max-top-n-grams: [");
        assertThat(one.unscored()).isEmpty();
        assertThat(FitThresholds.of(annotations(5), Map.of(), 0.1, 10).files()).isEmpty();
    }

    @Test
    void shouldFitTheScoreToTheDetectorAndNotToWhatWasStated() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(stated("swh_Latn", "lid", "swh_Latn", i < 10 ? 0.7 : 0.9));
            rows.add(stated("swh_Latn", "page", "swh_Latn", 1));
            rows.add(stated("zul_Latn", "lid", i < 9 ? "zul_Latn" : "xho_Latn", 0.9));
        }

        FitThresholds fitted = FitThresholds.of(table(rows), Map.of(), 0.1, 10);

        // of ten times 0.7 and ten times 0.9: the median 0.7 less the deviation 0.1
        assertThat(fitted.files().get("swh_Latn"))
                .startsWith(
                        """
                        # fitted to 40 documents, tail 0.1; the detector has a score for 20
                        language-score: 0.6
                        """);
        assertThat(fitted.files().get("zul_Latn")).doesNotContain("language-score:");
        assertThat(fitted.unscored()).containsExactly("zul_Latn");
    }

    /** A document of a stated language, of which a model has an opinion, and another model, which does not decide, too. */
    private static Row stated(String language, String model, String label, double score) {
        Row quality = QualityColumns.row(ANNOTATOR.annotate(LONG, language));
        Row[] opinions = {RowFactory.create(model, label, score), RowFactory.create("other", language, 0.1)};
        Row languages = RowFactory.create(language, 1.0, "METADATA", "Latn", opinions, new Row[0]);
        return RowFactory.create("d", language, 1.0, quality, 400L, languages);
    }

    @Test
    void shouldFindTheStopWordsOfEachLanguageForAnyPartitioning() {
        List<Row> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(RowFactory.create("swh_Latn", "Wa na ya. Wa na, neno" + i + " 17"));
            texts.add(RowFactory.create("tha_Thai", "และ"));
        }
        StructType schema = new StructType().add("language", "string").add("text", "string");
        Dataset<Row> table = LocalSpark.session().createDataFrame(texts, schema);

        Map<String, List<String>> words = FrequentWords.of(table.repartition(1));

        assertThat(words.get("swh_Latn"))
                .startsWith("na", "wa", "ya")
                .hasSizeBetween(10, 24)
                .doesNotContain("17", "");
        assertThat(words.get("tha_Thai")).containsExactly("และ");
        assertThat(FrequentWords.of(table.repartition(7))).isEqualTo(words);
        assertThat(FitThresholds.of(annotations(50), words, 0.1, 10).files().get("swh_Latn"))
                .contains("stop-words: ['na', 'wa', 'ya', ");
    }

    /** Scores 0.00, 0.01, ... over equal texts. */
    private static Dataset<Row> annotations(int documents) {
        Row quality = QualityColumns.row(ANNOTATOR.annotate(LONG, "swh_Latn"));
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < documents; i++) {
            rows.add(row("d%03d".formatted(i), "swh_Latn", i / 100.0, quality, 400L));
        }
        return table(rows);
    }

    /** A document whose language was detected. */
    private static Row row(String id, String language, double score, Row quality, long bytes) {
        Row[] opinions = {RowFactory.create("lid", language, score)};
        Row languages = RowFactory.create(language, score, "DETECTED", "Latn", opinions, new Row[0]);
        return RowFactory.create(id, language, score, quality, bytes, languages);
    }

    private static Dataset<Row> table(List<Row> rows) {
        return LocalSpark.session().createDataFrame(rows, SCHEMA);
    }

    /** Of a run. */
    private static String settings(double score) {
        return "input: ''\noutput: ''\nfilter:\n" + yaml("min-words: 10", score).indent(2);
    }

    private static FilterConfig config(String words, double score) {
        return ConfigFile.load(FilterConfig.class, "test", yaml(words, score), List.of())
                .value();
    }

    private static String yaml(String words, double score) {
        return "language-score: " + score + "\ngopher-quality:\n  " + words
                + "\n  min-stop-words: 0\ngopher-repetition:\n  on: false\nfineweb:\n  on: false\n";
    }
}
