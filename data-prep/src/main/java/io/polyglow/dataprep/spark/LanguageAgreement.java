package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.conv;
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
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * How often the models are right where a document states its language: each model about whole documents, and the one that decides about their sentences, each alone. It tells
 * what to expect of the documents that state nothing.
 */
public record LanguageAgreement(List<Measure> measures) {
    /** Documents whose sentences are asked about, drawn by the hashes that are their ids. */
    private static final long DOCUMENTS = 20_000;

    private static final int SENTENCES_OF_EACH = 50;

    /** One model about one kind of text. */
    public record Measure(String model, String texts, LanguageAccuracy accuracy) {}

    /** Measures on a corpus that was prepared with these models. */
    public static LanguageAgreement of(SparkSession spark, String corpus, LanguageConfig config) throws IOException {
        CorpusTables tables = CorpusTables.open(spark, corpus);
        List<Measure> measures = new ArrayList<>();
        for (String model : config.models()) {
            String name = LanguageModels.nameOf(model);
            measures.add(new Measure(
                    name,
                    "documents",
                    LanguageColumns.agreement(tables.table("annotations"), Annotations.LANGUAGES, name)));
        }
        LanguageModelFiles models = LanguageModelFiles.distribute(spark, config);
        measures.add(new Measure(
                LanguageModels.nameOf(config.models().get(0)),
                "sentences",
                sentences(tables.table("documents"), models)));
        return new LanguageAgreement(List.copyOf(measures));
    }

    private static LanguageAccuracy sentences(Dataset<Row> documents, LanguageModelFiles models) {
        Dataset<Row> stating = documents
                .filter(col(DocumentTable.REJECTED).isNull())
                .filter(col(DocumentTable.STATED_LANGUAGE).isNotNull())
                .select(DocumentTable.ID, DocumentTable.STATED_LANGUAGE, DocumentTable.TEXT);
        double share = (double) DOCUMENTS / Math.max(DOCUMENTS, stating.count());
        LanguageAccuracy accuracy = new LanguageAccuracy();
        stating.filter(conv(substring(col(DocumentTable.ID), 1, 8), 16, 10)
                        .cast("double")
                        .lt(share * (1L << Integer.SIZE)))
                .javaRDD()
                .mapPartitionsToPair(rows -> answers(rows, models.annotator()))
                .countByKey()
                .forEach((pair, texts) -> accuracy.add(pair._1(), pair._2(), texts));
        return accuracy;
    }

    /** Pairs of a stated and a found language, sentence by sentence; as key, so that what the driver gets is bounded by their number. */
    private static Iterator<Tuple2<Tuple2<String, String>, Integer>> answers(
            Iterator<Row> rows, LanguageAnnotator annotator) {
        Iterable<Row> documents = () -> rows;
        return java.util.stream.StreamSupport.stream(documents.spliterator(), false)
                .flatMap(row -> {
                    Optional<LanguageLabel> stated = LanguageLabel.parse(row.getString(1));
                    return stated.isEmpty()
                            ? Stream.empty()
                            : LanguageBench.sentences(row.getString(2)).stream()
                                    .limit(SENTENCES_OF_EACH)
                                    .map(sentence -> new Tuple2<>(
                                            stated.get().language(),
                                            annotator.identify(sentence).label().language()));
                })
                .map(pair -> new Tuple2<>(pair, 1))
                .iterator();
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
