package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.doc.Rejections;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What became of each document: the rows of {@link Deduplication}, where a document that edits left nothing of has that as its reason and, like all with a reason,
 * no cluster. Worked out whenever it is asked for, since that a text is empty is known only when the texts are made, after duplicates.
 */
final class Outcomes {
    /** The name among {@link CorpusTables}. */
    static final String TABLE = "outcomes";

    private Outcomes() {}

    /** Joins, by id alone, what was chosen to be kept with the texts that were; see {@link KeptTexts}. */
    static Dataset<Row> of(Dataset<Row> duplicates, Dataset<Row> kept) {
        Dataset<Row> texts = kept.select(col(DocumentTable.ID).as("text_of"));
        Column emptied = Deduplication.isKept().and(col("text_of").isNull());
        Column reasons = when(emptied, array(lit(Rejections.EMPTIED))).otherwise(col(Decisions.REASONS));
        Column cluster = when(emptied, lit(null)).otherwise(col(Deduplication.CLUSTER));
        // the cluster, which tells who was emptied, changes last
        return duplicates
                .join(texts, col(DocumentTable.ID).equalTo(col("text_of")), "left")
                .withColumn(Decisions.REASONS, reasons)
                .withColumn(Deduplication.CLUSTER, cluster)
                .drop("text_of");
    }
}
