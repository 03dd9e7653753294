package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.filter.QualityStats;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** The column {@code quality} of the annotations: {@link QualityStats} as a struct with the names of its components in snake case. */
public final class QualityColumns {
    /** Its type. */
    public static final StructType SCHEMA = RecordRows.schema(QualityStats.class);

    private QualityColumns() {}

    /** The value of the column. */
    public static Row row(QualityStats stats) {
        return RecordRows.row(stats);
    }

    /** What {@link #row} was made from. */
    public static QualityStats stats(Row row) {
        return RecordRows.record(QualityStats.class, row);
    }
}
