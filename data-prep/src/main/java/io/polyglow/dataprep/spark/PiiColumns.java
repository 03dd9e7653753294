package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.pii.PiiKind;
import io.polyglow.dataprep.pii.PiiSpan;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The column of a document's personal data: an array of spans in UTF-16 units of its text. */
final class PiiColumns {
    /** An array of structs. */
    static final ArrayType SCHEMA = DataTypes.createArrayType(
            new StructType()
                    .add("start", DataTypes.IntegerType, false)
                    .add("end", DataTypes.IntegerType, false)
                    .add("kind", DataTypes.StringType, false)
                    .add("detail", DataTypes.StringType, false),
            false);

    private PiiColumns() {}

    /** The spans as a value of {@link #SCHEMA}. */
    static Row[] rows(List<PiiSpan> spans) {
        return spans.stream()
                .map(span ->
                        RowFactory.create(span.start(), span.end(), span.kind().name(), span.detail()))
                .toArray(Row[]::new);
    }

    /** The spans that {@link #rows} wrote. */
    static List<PiiSpan> spans(List<Row> rows) {
        return rows.stream()
                .map(row ->
                        new PiiSpan(row.getInt(0), row.getInt(1), PiiKind.valueOf(row.getString(2)), row.getString(3)))
                .toList();
    }
}
