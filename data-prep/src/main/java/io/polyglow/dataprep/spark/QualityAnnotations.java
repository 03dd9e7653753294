package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.dataprep.filter.QualityAnnotator;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The quality numbers of documents, as a table. */
public final class QualityAnnotations {
    /** Name of the table beside a corpus. */
    public static final String TABLE = "annotations";

    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(QualityColumns.QUALITY, QualityColumns.SCHEMA, false);

    private QualityAnnotations() {}

    /** One row {@code (id, quality)} for each row of {@code documents} with a text; these have {@code id}, {@code language} and {@code text}. */
    public static Dataset<Row> of(Dataset<Row> documents, ThresholdCatalog thresholds) {
        MapPartitionsFunction<Row, Row> annotate = rows -> annotated(rows, new QualityAnnotator(thresholds));
        return documents
                .filter(col(DocumentTable.TEXT).isNotNull())
                .select(DocumentTable.ID, DocumentTable.LANGUAGE, DocumentTable.TEXT)
                .mapPartitions(annotate, Encoders.row(SCHEMA));
    }

    /** The annotations at {@code location}: of a corpus that {@code prepare} made, or Parquet with the same columns; a DATA error when some are missing. */
    public static Dataset<Row> open(SparkSession spark, String location) throws IOException {
        Dataset<Row> annotations = read(spark, location);
        List<String> columns = Arrays.asList(annotations.columns());
        for (String needed : List.of(
                DocumentTable.LANGUAGE, FilterDecisions.LANGUAGE_SCORE, DocumentTable.BYTES, QualityColumns.QUALITY)) {
            if (!columns.contains(needed)) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        location + " has no column " + needed + ", so it holds no annotations of documents; it has "
                                + String.join(", ", columns) + ".");
            }
        }
        // what the reader rejected has no numbers, and no threshold brings it back
        return annotations.filter(col(QualityColumns.QUALITY).isNotNull());
    }

    private static Dataset<Row> read(SparkSession spark, String location) throws IOException {
        try (Store store = Stores.open(location)) {
            if (Provenance.exists(store, "")) {
                return CorpusTables.open(spark, location).table(TABLE);
            }
        }
        return spark.read().parquet(Locations.path(location).toString());
    }

    private static Iterator<Row> annotated(Iterator<Row> rows, QualityAnnotator annotator) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Row next() {
                Row row = rows.next();
                return RowFactory.create(
                        row.getString(0), QualityColumns.row(annotator.annotate(row.getString(2), row.getString(1))));
            }
        };
    }
}
