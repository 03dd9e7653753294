package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Where the documents of a corpus come from and what was decided of them: the tables {@code documents} and {@code decisions} that {@code prepare} keeps beside a
 * corpus. Whole tables are scanned once a call, without their texts.
 */
public final class DocumentLookup {
    private final Dataset<Row> documents;
    private final Dataset<Row> decisions;

    /**
     * A document as the tables have it.
     *
     * @param position line or row counted from 1; 0 when the document is the whole file
     * @param offset first byte of the document in its source, where the reader knows it
     * @param contentHash SHA-256 of the normalised text; null when there is none
     * @param reasons why it was left out; none for one that was not
     */
    public record Found(
            String id,
            String source,
            long position,
            long offset,
            @Nullable String url,
            @Nullable String contentHash,
            List<String> reasons) {}

    private DocumentLookup(Dataset<Row> documents, Dataset<Row> decisions) {
        this.documents = documents;
        this.decisions = decisions;
    }

    /** Whether the tables of the corpus at this location are still beside it. */
    public static boolean isPossible(String corpus) throws IOException {
        try (Store store = Stores.open(corpus);
                Store tables = Stores.open(corpus + ".stages")) {
            if (!Provenance.exists(store, "")) {
                return false;
            }
            String documents = Provenance.stages(store, "").get("documents");
            return documents != null && tables.exists(documents + Stages.ROWS);
        }
    }

    /** Opens the tables of a corpus; a DATA error when they are not there. */
    public static DocumentLookup open(SparkSession spark, String corpus) throws IOException {
        CorpusTables tables = CorpusTables.open(spark, corpus);
        return new DocumentLookup(tables.table("documents"), tables.table("decisions"));
    }

    /** The documents with these ids, by id; unknown ids have no entry. */
    public Map<String, Found> byId(Collection<String> ids) {
        return find(col(DocumentTable.ID).isInCollection(ids));
    }

    /**
     * The documents that any of these name, and those with the same text, since the shards hold one of equals only.
     *
     * @param sources {@code file} or {@code file:line}, as in reports
     */
    public Map<String, Found> withEquals(Collection<String> ids, Collection<String> sources, Collection<String> urls) {
        Column named = col(DocumentTable.ID).isInCollection(ids).or(col("url").isInCollection(urls));
        for (String source : sources) {
            named = named.or(at(source));
        }
        Map<String, Found> found = find(named);
        List<String> hashes = found.values().stream()
                .map(Found::contentHash)
                .filter(hash -> hash != null)
                .distinct()
                .toList();
        found.putAll(find(col(DocumentTable.CONTENT_HASH).isInCollection(hashes)));
        return found;
    }

    private static Column at(String source) {
        Column file = col(DocumentTable.SOURCE).equalTo(source);
        int colon = source.lastIndexOf(':');
        if (colon < 0 || !source.substring(colon + 1).matches("[0-9]{1,18}")) {
            return file;
        }
        return file.or(col(DocumentTable.SOURCE)
                .equalTo(source.substring(0, colon))
                .and(col(DocumentTable.POSITION).equalTo(Long.parseLong(source.substring(colon + 1)))));
    }

    private Map<String, Found> find(Column which) {
        Map<String, Found> found = new TreeMap<>();
        Dataset<Row> matching = documents
                .filter(which)
                .select(
                        DocumentTable.ID,
                        DocumentTable.SOURCE,
                        DocumentTable.POSITION,
                        DocumentTable.OFFSET,
                        "url",
                        DocumentTable.CONTENT_HASH);
        for (Row row : matching.join(decisions.select(DocumentTable.ID, Decisions.REASONS), DocumentTable.ID)
                .collectAsList()) {
            found.put(
                    row.getString(0),
                    new Found(
                            row.getString(0),
                            row.getString(1),
                            row.getLong(2),
                            row.getLong(3),
                            row.getString(4),
                            row.getString(5),
                            row.getList(6)));
        }
        return found;
    }
}
