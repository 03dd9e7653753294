package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.spark.NearDuplicates.Sketched;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The table {@code duplicates}: the rows of {@link Decisions}, each with the cluster of equal documents that it belongs to, named by its lowest id, which is the
 * one kept, whatever order they come in. A document with a reason to go is in no cluster: its cluster is null.
 *
 * <p>A page may have any number of copies, and a cluster any number of members: sizes are counted with partial sums and come back to the rows by {@link SkewJoin}, so that
 * no task gets all rows of one. Documents without a cluster, which all have the same null for a key, are not joined at all.
 */
final class Deduplication {
    static final String CLUSTER = "cluster";
    static final String CLUSTER_SIZE = "cluster_size";

    /** Which kind of duplicate a document is left out as, see {@link Rejections}; null when it is kept, or was left out before. */
    static final String DUPLICATE = "duplicate";

    /** What the name of a cluster begins with whose kept document is of an earlier corpus. */
    static final String EARLIER = "earlier:";

    private static final String SAME_TEXT = "same_text";
    private static final String KNOWN_AS = "known_as";

    private Deduplication() {}

    /**
     * Exact and near-duplicates.
     *
     * @param decisions see {@link Decisions}
     * @param sketches of all documents, see {@link SketchColumns}
     * @param earlier corpora whose documents are kept rather than those of this one
     * @param work gets the tables between the steps
     * @param notes hears what the steps came to
     */
    static Dataset<Row> run(
            Dataset<Row> decisions,
            Dataset<Row> sketches,
            List<Sketched> earlier,
            DedupConfig.Near config,
            WorkTables work,
            Consumer<String> notes) {
        Dataset<Row> exact = work.write("exact", "exact duplicates", () -> exact(decisions));
        Sketched own = new Sketched(exact.filter(isKept()).select(DocumentTable.ID, CLUSTER_SIZE), sketches);
        Dataset<Row> near = NearDuplicates.run(own, earlier, config, work, notes);
        work.describe("duplicates: every document");
        return near(exact, near, earlier);
    }

    /** Exact duplicates: documents with equal normalised text. */
    static Dataset<Row> exact(Dataset<Row> decisions) {
        Dataset<Row> staying = decisions.filter(Decisions.stays());
        Dataset<Row> texts = staying.groupBy(DocumentTable.CONTENT_HASH)
                .agg(min(DocumentTable.ID).as(CLUSTER), count(lit(1)).as(CLUSTER_SIZE));
        Dataset<Row> clustered =
                SkewJoin.join(staying, staying.count(), DocumentTable.CONTENT_HASH, DocumentTable.ID, texts);
        Column duplicate = when(not(isKept()), lit(Rejections.EXACT_DUPLICATE));
        return withClusters(decisions, clustered.withColumn(DUPLICATE, duplicate));
    }

    /**
     * Near-duplicates on top of exact ones.
     *
     * @param exact see {@link #exact}, a written table
     * @param near clusters of the documents kept there, see {@link NearDuplicates#run}; the kept one may be of an earlier corpus, whose ids are told apart
     * @param earlier those corpora
     */
    static Dataset<Row> near(Dataset<Row> exact, Dataset<Row> near, List<Sketched> earlier) {
        Dataset<Row> staying =
                exact.filter(Decisions.stays()).drop(CLUSTER_SIZE, DUPLICATE).withColumnRenamed(CLUSTER, SAME_TEXT);
        Column name =
                when(col("cluster_earlier"), concat(lit(EARLIER), col(CLUSTER))).otherwise(col(CLUSTER));
        Dataset<Row> clusters = withKnownTexts(
                near.select(col(DocumentTable.ID).as(SAME_TEXT), name.as(CLUSTER), col(CLUSTER_SIZE)), exact, earlier);
        Dataset<Row> clustered = SkewJoin.join(staying, staying.count(), SAME_TEXT, DocumentTable.ID, clusters);
        Column isCopy =
                col(DocumentTable.ID).notEqual(col(SAME_TEXT)).or(col(KNOWN_AS).isNotNull());
        Column duplicate = when(isKept(), lit(null))
                .when(isCopy, lit(Rejections.EXACT_DUPLICATE))
                .otherwise(lit(Rejections.NEAR_DUPLICATE));
        return withClusters(exact.drop(CLUSTER, CLUSTER_SIZE, DUPLICATE), clustered.withColumn(DUPLICATE, duplicate));
    }

    /**
     * Adds the document of an earlier corpus that has the very text, if any: all that is known of texts without words, which are in no near-duplicate's cluster. There is one
     * document of each text, so no key is frequent.
     */
    private static Dataset<Row> withKnownTexts(Dataset<Row> clusters, Dataset<Row> exact, List<Sketched> earlier) {
        Dataset<Row> known = exact.limit(0)
                .select(col(DocumentTable.CONTENT_HASH), col(DocumentTable.ID).as(KNOWN_AS));
        for (int i = 0; i < earlier.size(); i++) {
            Column name = concat(lit(EARLIER + (i + 1) + ":"), col(DocumentTable.ID));
            known = known.union(earlier.get(i).documents().select(col(DocumentTable.CONTENT_HASH), name));
        }
        Dataset<Row> first =
                known.groupBy(DocumentTable.CONTENT_HASH).agg(min(KNOWN_AS).as(KNOWN_AS));
        Dataset<Row> copies = exact.filter(isKept())
                .join(first, DocumentTable.CONTENT_HASH)
                .select(col(DocumentTable.ID).as(SAME_TEXT), col(KNOWN_AS));
        Column cluster =
                when(col(CLUSTER).startsWith(EARLIER), col(CLUSTER)).otherwise(coalesce(col(KNOWN_AS), col(CLUSTER)));
        return clusters.join(copies, new String[] {SAME_TEXT}, "left").withColumn(CLUSTER, cluster);
    }

    /** The clustered documents, and those with a reason to go, which are in no cluster. */
    private static Dataset<Row> withClusters(Dataset<Row> decisions, Dataset<Row> clustered) {
        Dataset<Row> left = decisions
                .filter(not(Decisions.stays()))
                .withColumn(CLUSTER, lit(null).cast("string"))
                .withColumn(CLUSTER_SIZE, lit(1L))
                .withColumn(DUPLICATE, lit(null).cast("string"));
        Column[] columns = Arrays.stream(left.columns())
                .map(org.apache.spark.sql.functions::col)
                .toArray(Column[]::new);
        return clustered.select(columns).union(left);
    }

    /** Whether a document is trained on. */
    static Column isKept() {
        return col(DocumentTable.ID).equalTo(col(CLUSTER));
    }

    /** {@link #isKept()} of a row of this table. */
    static boolean isKept(Row row) {
        String id = row.getAs(DocumentTable.ID);
        return id.equals(row.getAs(CLUSTER));
    }
}
