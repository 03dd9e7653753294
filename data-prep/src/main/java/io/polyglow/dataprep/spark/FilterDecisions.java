package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.filter.Filter;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What the filters decide about annotated documents, from thresholds alone: no text is read. */
public final class FilterDecisions {
    static final String LANGUAGE_SCORE = "language_score";
    static final String REASONS = "reasons";

    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(REASONS, DataTypes.createArrayType(DataTypes.StringType, false), false);

    private FilterDecisions() {}

    /**
     * One row {@code (id, language, reasons)} for each row of {@code annotations}, which have {@code id}, {@code language}, {@code language_score} and
     * {@code quality}; a document that stays has no reason, another has all of its reasons.
     */
    public static Dataset<Row> of(Dataset<Row> annotations, ThresholdCatalog thresholds) {
        MapFunction<Row, Row> decide = row -> RowFactory.create(
                row.getString(0), row.getString(1), reasons(row, 1, thresholds).toArray());
        return annotations
                .select(DocumentTable.ID, DocumentTable.LANGUAGE, LANGUAGE_SCORE, QualityColumns.QUALITY)
                .map(decide, Encoders.row(SCHEMA));
    }

    /** The reasons of a row whose columns language, score and quality stand at {@code first} and after it. */
    static List<String> reasons(Row row, int first, ThresholdCatalog thresholds) {
        return Filter.reasons(
                QualityColumns.stats(row.getStruct(first + 2)),
                row.getDouble(first + 1),
                thresholds.of(row.getString(first)));
    }
}
