package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_remove;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.doc.Rejections;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/** Tables of a run as they would be had it known of take-downs that came after it. Names may be millions, so they are found by joins. */
final class TakenDown {
    private static final String NAME = "taken_name";
    private static final String TAKEN = "taken_id";

    private final Dataset<Row> ids;

    private TakenDown(Dataset<Row> ids) {
        this.ids = ids;
    }

    /** The documents of a table with ids and hashes of texts that either names. */
    static TakenDown of(Dataset<Row> documents, Set<String> names) {
        Dataset<Row> named = documents
                .sparkSession()
                .createDataset(List.copyOf(names), Encoders.STRING())
                .toDF(NAME);
        return new TakenDown(named(documents, DocumentTable.ID, named)
                .unionByName(named(documents, DocumentTable.CONTENT_HASH, named))
                .distinct());
    }

    private static Dataset<Row> named(Dataset<Row> documents, String column, Dataset<Row> names) {
        return documents
                .join(names, col(column).equalTo(col(NAME)), "left_semi")
                .select(col(DocumentTable.ID).as(TAKEN));
    }

    /** A table of documents and reasons, where they have that reason and, if it tells of clusters, none. */
    Dataset<Row> marked(Dataset<Row> documents) {
        Column taken = col(TAKEN).isNotNull();
        Column others = array_remove(col(Decisions.REASONS), Rejections.TAKEN_DOWN);
        Column reasons = concat(array(lit(Rejections.TAKEN_DOWN)), others);
        Dataset<Row> marked = documents
                .join(ids, col(DocumentTable.ID).equalTo(col(TAKEN)), "left")
                .withColumn(Decisions.REASONS, when(taken, reasons).otherwise(col(Decisions.REASONS)));
        List<String> columns = List.of(documents.columns());
        for (String cluster : List.of(Deduplication.CLUSTER, Deduplication.DUPLICATE)) {
            if (columns.contains(cluster)) {
                Column nothing = lit(null).cast("string");
                marked = marked.withColumn(cluster, when(taken, nothing).otherwise(col(cluster)));
            }
        }
        return marked.drop(TAKEN);
    }

    /** A table of documents without them. */
    Dataset<Row> without(Dataset<Row> documents) {
        return documents.join(ids, col(DocumentTable.ID).equalTo(col(TAKEN)), "left_anti");
    }
}
