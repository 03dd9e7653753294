package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.doc.Rejections;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;

/** Exact deduplication: of documents with equal normalised text the one with the lowest id is kept, whatever order they come in. */
final class Deduplication {
    private Deduplication() {}

    /** The same rows, with duplicates rejected in favour of the one kept. */
    static Dataset<Row> apply(Dataset<Row> documents) {
        Column content = col(DocumentTable.CONTENT_HASH);
        Column id = col(DocumentTable.ID);
        // rejected documents have no hash; each is alone with its id
        Column kept = min(id).over(Window.partitionBy(coalesce(content, id)));
        Column reason = when(
                        content.isNotNull().and(id.notEqual(col("kept"))),
                        concat(lit(Rejections.DUPLICATE_OF), col("kept")))
                .otherwise(col(DocumentTable.REJECTED));
        return documents
                .withColumn("kept", kept)
                .withColumn(DocumentTable.REJECTED, reason)
                .drop("kept");
    }
}
