package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Where the documents of a corpus come from and what was decided of them: the tables {@code documents} and {@code decisions} that {@code prepare} keeps beside a
 * corpus. Whole tables are scanned once a call, without their texts.
 */
public final class DocumentLookup {
    private static final String URL = "url";

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
        Dataset<Row> rows = documents
                .select(
                        DocumentTable.ID,
                        DocumentTable.SOURCE,
                        DocumentTable.POSITION,
                        DocumentTable.OFFSET,
                        URL,
                        DocumentTable.CONTENT_HASH)
                .join(table(ids), DocumentTable.ID)
                .join(decisions.select(DocumentTable.ID, Decisions.REASONS), DocumentTable.ID);
        Map<String, Found> found = new TreeMap<>();
        for (Row row : rows.collectAsList()) {
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

    /**
     * The documents that any of these name, and those with the same text, since the shards hold one of equals only. What is named may be a file of millions: it is
     * found by joins, and only ids and hashes come to the driver.
     *
     * @param sources {@code file} or {@code file:line}, as in reports
     */
    public List<Tombstone.Taken> withEquals(
            Collection<String> ids, Collection<String> sources, Collection<String> urls) {
        Column named = col(URL).isInCollection(urls);
        for (String source : sources) {
            named = named.or(at(source));
        }
        Dataset<Row> all = documents.select(
                DocumentTable.ID, DocumentTable.CONTENT_HASH, DocumentTable.SOURCE, DocumentTable.POSITION, URL);
        Dataset<Row> found = all.filter(named)
                .select(DocumentTable.ID, DocumentTable.CONTENT_HASH)
                .unionByName(
                        all.join(table(ids), DocumentTable.ID).select(DocumentTable.ID, DocumentTable.CONTENT_HASH));
        Dataset<Row> equal = all.select(DocumentTable.ID, DocumentTable.CONTENT_HASH)
                .join(found.select(DocumentTable.CONTENT_HASH), new String[] {DocumentTable.CONTENT_HASH}, "left_semi");
        return found.unionByName(equal).distinct().orderBy(DocumentTable.ID).collectAsList().stream()
                .map(row -> new Tombstone.Taken(DocumentId.parse(row.getString(0)), row.getString(1)))
                .toList();
    }

    private Dataset<Row> table(Collection<String> ids) {
        return documents
                .sparkSession()
                .createDataset(List.copyOf(new TreeSet<>(ids)), Encoders.STRING())
                .toDF(DocumentTable.ID);
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
}
