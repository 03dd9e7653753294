package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/**
 * The table {@code duplicates}: the rows of {@link Decisions}, each with the cluster of equal documents that it belongs to, named by its lowest id, which is the
 * one kept, whatever order they come in. A document with a reason to go is in no cluster: its cluster is null.
 */
final class Deduplication {
    static final String CLUSTER = "cluster";
    static final String CLUSTER_SIZE = "cluster_size";

    /** What the name of a cluster begins with whose kept document is of an earlier corpus. */
    static final String EARLIER = "earlier:";

    private Deduplication() {}

    /** Exact duplicates: documents with equal normalised text. */
    static Dataset<Row> exact(Dataset<Row> decisions) {
        Column alone = when(Decisions.stays(), col(DocumentTable.CONTENT_HASH)).otherwise(col(DocumentTable.ID));
        WindowSpec equal = Window.partitionBy(alone);
        return decisions
                .withColumn(
                        CLUSTER,
                        when(Decisions.stays(), min(col(DocumentTable.ID)).over(equal)))
                .withColumn(CLUSTER_SIZE, count(lit(1)).over(equal));
    }

    /**
     * Near-duplicates on top of exact ones.
     *
     * @param exact see {@link #exact}
     * @param near clusters of the documents kept there, see {@link NearDuplicates#run}; the kept one may be of an earlier corpus, whose ids are told apart
     */
    static Dataset<Row> near(Dataset<Row> exact, Dataset<Row> near) {
        Column kept = when(near.col("cluster_earlier"), concat(lit(EARLIER), near.col(CLUSTER)))
                .otherwise(near.col(CLUSTER));
        Dataset<Row> clusters = near.select(near.col(DocumentTable.ID).as(CLUSTER), kept.as("near"));
        return exact.drop(CLUSTER_SIZE)
                .join(clusters, new String[] {CLUSTER}, "left")
                .withColumn(CLUSTER, coalesce(col("near"), col(CLUSTER)))
                .drop("near")
                .withColumn(
                        CLUSTER_SIZE,
                        count(lit(1)).over(Window.partitionBy(coalesce(col(CLUSTER), col(DocumentTable.ID)))));
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
