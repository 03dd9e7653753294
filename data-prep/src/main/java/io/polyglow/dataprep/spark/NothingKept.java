package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.regexp_extract;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.Rejections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/** Why a run has no text to train on: nothing was read, or what was read is known from earlier corpora or was rejected. */
final class NothingKept {
    private static final Column IS_KNOWN =
            coalesce(col(Deduplication.CLUSTER).startsWith(Deduplication.EARLIER), lit(false));

    private final Dataset<Row> outcomes;
    private final long documents;

    /** Of documents none of which was kept, see {@link Outcomes}. */
    NothingKept(Dataset<Row> outcomes) {
        this.outcomes = outcomes;
        this.documents = outcomes.count();
    }

    /**
     * A DATA error that counts what became of the documents and names the first rejected one.
     *
     * @param against the corpora of {@code dedup.against}
     */
    PolyglowException error(String input, List<String> against) {
        String told = documents == 0
                ? "it holds no documents. Check input and format."
                : Stream.of(known(against), rejected())
                        .filter(part -> !part.isEmpty())
                        .collect(Collectors.joining(" "));
        return new PolyglowException(ErrorKind.DATA, "The input " + input + " gives no text to train on: " + told);
    }

    /** How many an earlier corpus has, by corpus; empty when none. */
    private String known(List<String> against) {
        Column corpus = regexp_extract(col(Deduplication.CLUSTER), "^" + Deduplication.EARLIER + "([0-9]+):", 1)
                .cast("int");
        List<Row> counts = outcomes.filter(IS_KNOWN)
                .groupBy(corpus.as("corpus"))
                .count()
                .orderBy("corpus")
                .collectAsList();
        if (counts.isEmpty()) {
            return "";
        }
        long known = counts.stream().mapToLong(row -> row.getLong(1)).sum();
        return known + " of " + documents + " documents are known from earlier corpora ("
                + counts.stream()
                        .map(row -> row.getLong(1) + " from " + against.get(row.getInt(0) - 1))
                        .collect(Collectors.joining(", "))
                + "). To prepare these again, leave dedup.against out.";
    }

    private String rejected() {
        Dataset<Row> left = outcomes.filter(not(IS_KNOWN));
        Row first = left
                .filter(not(Decisions.stays()))
                .orderBy(DocumentTable.SOURCE, DocumentTable.POSITION)
                .takeAsList(1)
                .stream()
                .findFirst()
                .orElse(null);
        if (first == null) {
            return "";
        }
        Place place = new Place(first.getAs(DocumentTable.SOURCE), first.getAs(DocumentTable.POSITION), 0);
        return left.count() + " of " + documents + " documents were rejected, by reason " + kinds(left)
                + "; the first is " + place + ": " + reasons(first).get(0)
                + ". Check input, format and columns, and filter when rules for web pages do not fit your text (filter.on=false).";
    }

    /** Number of documents by kind of reason; one with several counts for each. */
    private static Map<String, Long> kinds(Dataset<Row> rejected) {
        FlatMapFunction<Row, String> kinds =
                row -> reasons(row).stream().map(Rejections::kind).distinct().iterator();
        Map<String, Long> counts = new TreeMap<>();
        rejected.flatMap(kinds, Encoders.STRING())
                .groupBy("value")
                .count()
                .collectAsList()
                .forEach(row -> counts.put(row.getString(0), row.getLong(1)));
        return counts;
    }

    private static List<String> reasons(Row row) {
        @Nullable String duplicate = row.getAs(Deduplication.DUPLICATE);
        return duplicate == null ? row.getList(row.fieldIndex(Decisions.REASONS)) : List.of(duplicate);
    }
}
