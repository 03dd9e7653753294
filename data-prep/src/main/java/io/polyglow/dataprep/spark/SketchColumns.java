package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.Sketch;
import io.polyglow.dataprep.dedup.Sketcher;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Sketches as a table, which is also the index that later corpora are compared with; see {@code docs/formats/dedup-index.md}. */
final class SketchColumns {
    static final String ID = "id";
    static final String SIZE = "size";
    static final String FINGERPRINT = "fingerprint";
    static final String SIGNATURE = "signature";
    static final String SHINGLES = "shingles";

    static final StructType SCHEMA = new StructType()
            .add(ID, DataTypes.StringType, false)
            .add(SIZE, DataTypes.IntegerType, false)
            .add(FINGERPRINT, DataTypes.BinaryType, false)
            .add(SIGNATURE, DataTypes.BinaryType, false)
            .add(SHINGLES, DataTypes.BinaryType, false);

    private SketchColumns() {}

    static Row row(String id, Sketch sketch) {
        return RowFactory.create(id, sketch.size(), sketch.fingerprint(), sketch.signature(), sketch.shingles());
    }

    /** The sketches of documents {@code (id, text)}; nothing runs yet. */
    static Dataset<Row> of(Dataset<Row> documents, DedupConfig.Near config) {
        MapPartitionsFunction<Row, Row> sketch = rows -> {
            Sketcher sketcher = new Sketcher(config.minHash());
            return RowExpansion.flatMap(
                    rows, (row, out) -> out.accept(row(row.getString(0), sketcher.sketch(row.getString(1)))));
        };
        return documents.select(DocumentTable.ID, DocumentTable.TEXT).mapPartitions(sketch, Encoders.row(SCHEMA));
    }
}
