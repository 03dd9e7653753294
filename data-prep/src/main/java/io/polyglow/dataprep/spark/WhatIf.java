package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.filter.FilterConfig;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What other thresholds would keep, next to what the present ones keep, per language. Answered from the annotations in one pass: no text is read, nothing is
 * written. Tokens are bytes divided by what the corpus's tokenizer makes of the language, or by {@value #BYTES_PER_TOKEN} where it has not seen it.
 *
 * @param languages in the order of their labels
 */
public record WhatIf(List<Language> languages) {
    /** What a token is estimated at without a tokenizer. */
    public static final int BYTES_PER_TOKEN = 4;

    private static final StructType PASS = new StructType()
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(DocumentTable.BYTES, DataTypes.LongType, false)
            .add("now", DataTypes.BooleanType, false)
            .add("then", DataTypes.BooleanType, false);

    /** So many documents, with so much text. */
    public record Amount(long documents, long bytes, long tokens) {
        Amount plus(Amount other) {
            return new Amount(documents + other.documents, bytes + other.bytes, tokens + other.tokens);
        }

        JsonObject json() {
            return new JsonObject()
                    .put("documents", documents)
                    .put("bytes", bytes)
                    .put("tokens", tokens);
        }
    }

    /** One language: all its documents, those that the present thresholds keep, and those that the others would. */
    public record Language(String label, Amount all, Amount now, Amount then) {}

    /** Compares two sets of thresholds. */
    public static WhatIf of(AnnotatedCorpus corpus, FilterConfig now, FilterConfig then) {
        boolean filtersNow = now.on();
        boolean filtersThen = then.on();
        ThresholdCatalog nowValues = ThresholdCatalog.of(now);
        ThresholdCatalog thenValues = ThresholdCatalog.of(then);
        MapFunction<Row, Row> decide = row -> RowFactory.create(
                row.getString(0),
                row.getLong(3),
                !filtersNow || Decisions.filterReasons(row, 0, nowValues).isEmpty(),
                !filtersThen || Decisions.filterReasons(row, 0, thenValues).isEmpty());
        Dataset<Row> decided = corpus.annotations()
                .select(DocumentTable.LANGUAGE, Annotations.LANGUAGE_SCORE, Annotations.QUALITY, DocumentTable.BYTES)
                .map(decide, Encoders.row(PASS));
        return new WhatIf(languages(decided, corpus.bytesPerToken()));
    }

    /** All languages together. */
    public Language total() {
        Amount none = new Amount(0, 0, 0);
        return languages.stream()
                .reduce(
                        new Language("all", none, none, none),
                        (a, b) -> new Language(a.label, a.all.plus(b.all), a.now.plus(b.now), a.then.plus(b.then)));
    }

    /** The answer as JSON: per language and in all, what there is, what is kept now, what would be, and the difference. */
    public JsonObject json() {
        JsonObject perLanguage = new JsonObject();
        languages.forEach(language -> perLanguage.put(language.label, json(language)));
        return new JsonObject()
                .put("tokens", "estimated")
                .put("total", json(total()))
                .put("languages", perLanguage);
    }

    /** The answer as a table for a terminal. */
    public String table() {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "%-10s %12s %12s %12s %12s %15s %15s%n",
                "language",
                "documents",
                "kept now",
                "would keep",
                "difference",
                "bytes",
                "~ tokens"));
        languages.forEach(language -> line(out, language));
        line(out, total());
        return out.toString();
    }

    private static void line(StringBuilder out, Language language) {
        Amount difference = difference(language);
        out.append(String.format(
                Locale.ROOT,
                "%-10s %,12d %,12d %,12d %+,12d %+,15d %+,15d%n",
                language.label,
                language.all.documents,
                language.now.documents,
                language.then.documents,
                difference.documents,
                difference.bytes,
                difference.tokens));
    }

    private static Amount difference(Language language) {
        return language.then.plus(new Amount(-language.now.documents, -language.now.bytes, -language.now.tokens));
    }

    private static JsonObject json(Language language) {
        return new JsonObject()
                .put("all", language.all.json())
                .put("now", language.now.json())
                .put("then", language.then.json())
                .put("difference", difference(language).json());
    }

    private static List<Language> languages(Dataset<Row> decided, Map<String, Double> bytesPerToken) {
        Column one = lit(1L);
        Column bytes = col(DocumentTable.BYTES);
        return decided
                .groupBy(DocumentTable.LANGUAGE)
                .agg(sum(one), sum(bytes), kept("now", one), kept("now", bytes), kept("then", one), kept("then", bytes))
                .orderBy(DocumentTable.LANGUAGE)
                .collectAsList()
                .stream()
                .map(row -> {
                    double ratio = bytesPerToken.getOrDefault(row.getString(0), (double) BYTES_PER_TOKEN);
                    return new Language(
                            row.getString(0), amount(row, 1, ratio), amount(row, 3, ratio), amount(row, 5, ratio));
                })
                .toList();
    }

    private static Column kept(String verdict, Column amount) {
        return sum(when(col(verdict), amount).otherwise(lit(0L)));
    }

    private static Amount amount(Row row, int at, double bytesPerToken) {
        return new Amount(row.getLong(at), row.getLong(at + 1), Math.round(row.getLong(at + 1) / bytesPerToken));
    }
}
