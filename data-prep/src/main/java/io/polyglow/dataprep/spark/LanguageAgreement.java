package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.conv;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.language.LanguageAccuracy;
import io.polyglow.dataprep.language.LanguageAnnotator;
import io.polyglow.dataprep.language.LanguageBench;
import io.polyglow.dataprep.language.LanguageConfig;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.language.LanguageModels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * How often the models are right where a document itself states its language (column {@code stated_language}; {@code page_language} too where pages are trusted): each model about
 * whole documents, and the one that decides about their sentences, each alone. It tells what to expect of the documents that state nothing.
 */
public record LanguageAgreement(List<Measure> measures) {
    /** Documents whose sentences are asked about, drawn by the hashes that are their ids. */
    private static final long DOCUMENTS = 20_000;

    private static final int SENTENCES_OF_EACH = 50;

    /** One model about one kind of text. */
    public record Measure(String model, String texts, LanguageAccuracy accuracy) {}

    /** Measures on a corpus that was prepared with these models. */
    public static LanguageAgreement of(SparkSession spark, String corpus, LanguageConfig config) {
        try (StageTracker tracker = new StageTracker(spark, "prepare --report", 1, ProgressListener.SILENT)) {
            return tracker.run("ask language models", () -> measure(spark, corpus, config));
        }
    }

    private static LanguageAgreement measure(SparkSession spark, String corpus, LanguageConfig config)
            throws IOException {
        CorpusTables tables = CorpusTables.open(spark, corpus);
        Dataset<Row> stating = stating(tables.table("documents"), config);
        Dataset<Row> opinions = stating.join(
                tables.table("annotations").select(DocumentTable.ID, Annotations.LANGUAGES), DocumentTable.ID);
        List<Measure> measures = new ArrayList<>();
        List<String> names = LanguageModels.names(config.models());
        for (String name : names) {
            measures.add(new Measure(name, "documents", documents(opinions, name)));
        }
        LanguageModelFiles models = LanguageModelFiles.distribute(spark, config);
        measures.add(new Measure(names.get(0), "sentences", sentences(stating, models)));
        return new LanguageAgreement(List.copyOf(measures));
    }

    /** Documents that state something, in a member or column or, where pages are trusted, in the page; never what the config says of all of them. */
    private static Dataset<Row> stating(Dataset<Row> documents, LanguageConfig config) {
        Column page = config.trustPage() ? col(DocumentTable.PAGE_LANGUAGE) : lit(null);
        return documents
                .filter(col(DocumentTable.REJECTED).isNull())
                .select(
                        col(DocumentTable.STATED_LANGUAGE),
                        page.cast("string").as(DocumentTable.PAGE_LANGUAGE),
                        col(DocumentTable.ID),
                        col(DocumentTable.TEXT))
                .filter(col(DocumentTable.STATED_LANGUAGE)
                        .isNotNull()
                        .or(col(DocumentTable.PAGE_LANGUAGE).isNotNull()));
    }

    /** Of a row of {@link #stating}; empty when what it states is no language. */
    private static Optional<LanguageLabel> stated(Row row) {
        return LanguageLabel.parse(row.getString(0)).or(() -> LanguageLabel.parse(row.getString(1)));
    }

    private static LanguageAccuracy documents(Dataset<Row> opinions, String model) {
        return accuracy(opinions.select(
                        col(DocumentTable.STATED_LANGUAGE),
                        col(DocumentTable.PAGE_LANGUAGE),
                        LanguageColumns.likeliest(col(Annotations.LANGUAGES), model))
                .javaRDD()
                .flatMapToPair(row -> stated(row).stream()
                        .map(stated -> pair(stated, LanguageLabel.parse(row.getString(2))))
                        .iterator()));
    }

    private static LanguageAccuracy sentences(Dataset<Row> stating, LanguageModelFiles models) {
        double share = (double) DOCUMENTS / Math.max(DOCUMENTS, stating.count());
        return accuracy(stating.filter(conv(substring(col(DocumentTable.ID), 1, 8), 16, 10)
                        .cast("double")
                        .lt(share * (1L << Integer.SIZE)))
                .javaRDD()
                .mapPartitionsToPair(rows -> answers(rows, models.annotator())));
    }

    /** Pairs of a stated and a found language, sentence by sentence. */
    private static Iterator<Tuple2<Tuple2<String, String>, Integer>> answers(
            Iterator<Row> rows, LanguageAnnotator annotator) {
        Iterable<Row> documents = () -> rows;
        return StreamSupport.stream(documents.spliterator(), false)
                .flatMap(
                        row -> stated(row).stream().flatMap(stated -> LanguageBench.sentences(row.getString(3)).stream()
                                .limit(SENTENCES_OF_EACH)
                                .map(sentence -> pair(
                                        stated,
                                        Optional.of(annotator.identify(sentence).label())))))
                .iterator();
    }

    /** As key, so that what the driver gets is bounded by the number of pairs. */
    private static Tuple2<Tuple2<String, String>, Integer> pair(LanguageLabel stated, Optional<LanguageLabel> answer) {
        return new Tuple2<>(
                new Tuple2<>(
                        stated.language(), answer.map(LanguageLabel::language).orElse(LanguageLabel.UNDETERMINED)),
                1);
    }

    private static LanguageAccuracy accuracy(JavaPairRDD<Tuple2<String, String>, Integer> pairs) {
        LanguageAccuracy accuracy = new LanguageAccuracy();
        pairs.countByKey().forEach((pair, texts) -> accuracy.add(pair._1(), pair._2(), texts));
        return accuracy;
    }

    /** A table for people, or a sentence when no document states its language. */
    public String table() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%-16s %-10s %12s %10s %15s %10s  %s",
                "language model",
                "of",
                "texts",
                "languages",
                "macro accuracy",
                "macro F1",
                "most frequent mistakes"));
        for (Measure measure : measures) {
            LanguageAccuracy accuracy = measure.accuracy();
            if (accuracy.texts() > 0) {
                List<String> mistakes = accuracy.confusions(3).stream()
                        .map(mistake -> mistake.expected() + " as " + mistake.answer())
                        .toList();
                lines.add(String.format(
                        Locale.ROOT,
                        "%-16s %-10s %,12d %,10d %15.3f %10.3f  %s",
                        measure.model(),
                        measure.texts(),
                        accuracy.texts(),
                        accuracy.languages(),
                        accuracy.macroAccuracy(),
                        accuracy.macroF1(),
                        String.join(", ", mistakes)));
            }
        }
        return lines.size() == 1
                ? "No document states its language, so nothing tells how often the models are right."
                : String.join("\n", lines);
    }

    /** The same numbers for scripts. */
    public JsonArray json() {
        JsonArray rows = new JsonArray();
        measures.forEach(measure -> rows.add(new JsonObject()
                .put("model", measure.model())
                .put("of", measure.texts())
                .put("texts", measure.accuracy().texts())
                .put("languages", measure.accuracy().languages())
                .put("macro_accuracy", measure.accuracy().macroAccuracy())
                .put("macro_f1", measure.accuracy().macroF1())));
        return rows;
    }
}
