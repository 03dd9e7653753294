package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.filter.Filter;
import java.io.Serializable;
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
 * What other thresholds would keep, next to what the present ones keep, per language. Answered from what a run left in its tables, where it left any: a document that is out for more
 * than the filters (personal data, parts of evaluation sets, a take-down) stays out, and of the documents that a run found to be equal or alike the first one that the thresholds let
 * through is kept; nothing stands in for one that edits left nothing of, or that was taken down. A document that only other thresholds let through was never compared with others, so it counts as kept: {@code added} tells how many there are. No text is read,
 * nothing is written. Tokens are bytes divided by what the corpus's tokenizer makes of the language, or by {@value #BYTES_PER_TOKEN} where it has not seen it.
 *
 * @param languages in the order of their labels
 * @param filtersOnly whether there is no run, so that nothing but the filters is considered
 */
public record WhatIf(List<Language> languages, boolean filtersOnly) {
    /** What a token is estimated at without a tokenizer. */
    public static final int BYTES_PER_TOKEN = 4;

    private static final String ALL = "all";
    private static final String NOW = "now";
    private static final String THEN = "then";
    private static final String KEY = "key";
    private static final String FIRST = "first_";

    private static final StructType VERDICT = new StructType()
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(DocumentTable.BYTES, DataTypes.LongType, false)
            .add(DocumentTable.ID, DataTypes.StringType, true)
            .add(Deduplication.CLUSTER, DataTypes.StringType, true)
            .add(AnnotatedCorpus.GONE, DataTypes.BooleanType, false)
            .add(NOW, DataTypes.BooleanType, false)
            .add(THEN, DataTypes.BooleanType, false);

    /** So many documents, with so much text. */
    public record Amount(long documents, long bytes, long tokens) {
        private static final Amount NONE = new Amount(0, 0, 0);

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

    /** One language: all its documents, those that the present thresholds keep, those that the others would, and those of the latter that no run has compared with others. */
    public record Language(String label, Amount all, Amount now, Amount then, Amount added) {
        private Language plus(Language other) {
            return new Language(
                    label, all.plus(other.all), now.plus(other.now), then.plus(other.then), added.plus(other.added));
        }
    }

    /** What two sets of filters say of a row of (language, score, quality, bytes), besides what a run found where there is one. */
    private record Verdicts(Filters now, Filters then) implements Serializable {
        /** Of annotations alone. */
        Row ofAnnotations(Row row) {
            return RowFactory.create(
                    row.getString(0),
                    row.getLong(3),
                    null,
                    null,
                    false,
                    now.reasons(row).isEmpty(),
                    then.reasons(row).isEmpty());
        }

        /** With id, cluster, bytes of the text that was kept, reasons and whether it is gone behind: what a run leaves out for another reason no threshold lets in. */
        Row ofOutcome(Row row) {
            boolean free = row.<String>getList(7).stream().allMatch(Filter::isReason);
            return RowFactory.create(
                    row.getString(0),
                    row.isNullAt(6) ? row.getLong(3) : row.getLong(6),
                    row.getString(4),
                    row.getString(5),
                    row.getBoolean(8),
                    free && now.reasons(row).isEmpty(),
                    free && then.reasons(row).isEmpty());
        }
    }

    /**
     * Compares two sets of filters.
     *
     * @param now what is set now, {@code key=value} on top of the run's settings, see {@link AnnotatedCorpus#filters}
     * @param then what might be set, likewise
     */
    public static WhatIf of(AnnotatedCorpus corpus, List<String> now, List<String> then) {
        Dataset<Row> annotated = corpus.annotations();
        Dataset<Row> outcomes = corpus.outcomes();
        Verdicts verdicts = new Verdicts(corpus.filters(now), corpus.filters(then));
        MapFunction<Row, Row> decide = outcomes == null ? verdicts::ofAnnotations : verdicts::ofOutcome;
        Dataset<Row> rows = outcomes == null
                ? annotated.select(
                        DocumentTable.LANGUAGE, Annotations.LANGUAGE_SCORE, Annotations.QUALITY, DocumentTable.BYTES)
                : annotated
                        .join(outcomes, DocumentTable.ID)
                        .select(
                                DocumentTable.LANGUAGE,
                                Annotations.LANGUAGE_SCORE,
                                Annotations.QUALITY,
                                DocumentTable.BYTES,
                                DocumentTable.ID,
                                Deduplication.CLUSTER,
                                AnnotatedCorpus.KEPT_BYTES,
                                Decisions.REASONS,
                                AnnotatedCorpus.GONE);
        Dataset<Row> decided = rows.map(decide, Encoders.row(VERDICT));
        return new WhatIf(
                languages(outcomes == null ? decided : oneOfEachCluster(decided), corpus.bytesPerToken()),
                outcomes == null);
    }

    /** Of a cluster the smallest id is kept that is let through, none where an earlier corpus has the first; where that one is gone, nothing stands in for it. */
    private static Dataset<Row> oneOfEachCluster(Dataset<Row> decided) {
        Dataset<Row> rows = decided.withColumn(KEY, coalesce(col(Deduplication.CLUSTER), col(DocumentTable.ID)));
        Dataset<Row> firsts =
                rows.groupBy(KEY).agg(first(NOW).as(FIRST + NOW), first(THEN).as(FIRST + THEN));
        return SkewJoin.join(rows, rows.count(), KEY, DocumentTable.ID, firsts)
                .withColumn(NOW, kept(NOW))
                .withColumn(THEN, kept(THEN));
    }

    private static Column first(String verdict) {
        return min(when(col(verdict), col(DocumentTable.ID)));
    }

    private static Column kept(String verdict) {
        Column isFirst = coalesce(col(DocumentTable.ID).equalTo(col(FIRST + verdict)), lit(false));
        Column earlier = coalesce(col(Deduplication.CLUSTER).startsWith(Deduplication.EARLIER), lit(false));
        return isFirst.and(not(earlier)).and(not(col(AnnotatedCorpus.GONE)));
    }

    /** All languages together. */
    public Language total() {
        return languages.stream()
                .reduce(new Language(ALL, Amount.NONE, Amount.NONE, Amount.NONE, Amount.NONE), Language::plus);
    }

    /** The answer as JSON: per language and in all, what there is, what is kept now, what would be, the difference, and what of it was never compared with others. */
    public JsonObject json() {
        JsonObject perLanguage = new JsonObject();
        languages.forEach(language -> perLanguage.put(language.label, json(language)));
        return new JsonObject()
                .put("tokens", "estimated")
                .put("considers", filtersOnly ? "filters" : "filters and what the run decided besides")
                .put("total", json(total()))
                .put("languages", perLanguage);
    }

    /** The answer as a table for a terminal, and what it does not know. */
    public String table() {
        StringBuilder out = new StringBuilder();
        line(out, "", "documents", "", "", "", "bytes", "", "", "~ tokens", "", "");
        line(
                out,
                "language",
                "usable",
                "kept now",
                "would keep",
                "difference",
                "kept now",
                "would keep",
                "difference",
                "kept now",
                "would keep",
                "difference");
        languages.forEach(language -> line(out, language));
        line(out, total());
        return out.append(caveat()).append('\n').toString();
    }

    private String caveat() {
        if (filtersOnly) {
            return "Only the filters are considered: duplicates, personal data, evaluation sets and take-downs are not known here.";
        }
        String kept = "Kept now is what the corpus holds, each document once.";
        long added = total().added.documents;
        return added == 0
                ? kept
                : String.format(
                        Locale.ROOT,
                        "%s Documents that would be new: %,d. Whether they are duplicates or hold parts of evaluation sets only prepare can tell.",
                        kept,
                        added);
    }

    private static void line(StringBuilder out, Language language) {
        Amount difference = difference(language);
        line(
                out,
                language.label,
                count(language.all.documents),
                count(language.now.documents),
                count(language.then.documents),
                signed(difference.documents),
                count(language.now.bytes),
                count(language.then.bytes),
                signed(difference.bytes),
                count(language.now.tokens),
                count(language.then.tokens),
                signed(difference.tokens));
    }

    private static void line(StringBuilder out, String... cells) {
        out.append(String.format(
                Locale.ROOT, "%-10s %12s %12s %12s %12s %16s %16s %16s %15s %15s %15s%n", (Object[]) cells));
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String signed(long number) {
        return String.format(Locale.ROOT, "%+,d", number);
    }

    private static Amount difference(Language language) {
        return language.then.plus(new Amount(-language.now.documents, -language.now.bytes, -language.now.tokens));
    }

    private static JsonObject json(Language language) {
        return new JsonObject()
                .put("all", language.all.json())
                .put("now", language.now.json())
                .put("then", language.then.json())
                .put("difference", difference(language).json())
                .put("not_compared", language.added.json());
    }

    private static List<Language> languages(Dataset<Row> decided, Map<String, Double> bytesPerToken) {
        Column one = lit(1L);
        Column bytes = col(DocumentTable.BYTES);
        Column added =
                col(THEN).and(not(col(NOW))).and(col(Deduplication.CLUSTER).isNull());
        return decided
                .groupBy(DocumentTable.LANGUAGE)
                .agg(
                        sum(one),
                        sum(bytes),
                        kept(col(NOW), one),
                        kept(col(NOW), bytes),
                        kept(col(THEN), one),
                        kept(col(THEN), bytes),
                        kept(added, one),
                        kept(added, bytes))
                .orderBy(DocumentTable.LANGUAGE)
                .collectAsList()
                .stream()
                .map(row -> language(row, bytesPerToken.getOrDefault(row.getString(0), (double) BYTES_PER_TOKEN)))
                .toList();
    }

    private static Column kept(Column verdict, Column amount) {
        return sum(when(verdict, amount).otherwise(lit(0L)));
    }

    private static Language language(Row row, double bytesPerToken) {
        return new Language(
                row.getString(0),
                amount(row, 1, bytesPerToken),
                amount(row, 3, bytesPerToken),
                amount(row, 5, bytesPerToken),
                amount(row, 7, bytesPerToken));
    }

    private static Amount amount(Row row, int at, double bytesPerToken) {
        return new Amount(row.getLong(at), row.getLong(at + 1), Math.round(row.getLong(at + 1) / bytesPerToken));
    }
}
