package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

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

/**
 * The table {@code sketches}: one row for every document with a text, whatever was or will be decided of it, made where the text is read. It is also the index that later
 * corpora are compared with; see {@code docs/formats/dedup-index.md}.
 */
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

    /** What sketches depend on besides the texts: those of two corpora can be compared when this is the same. */
    static String version(DedupConfig.Near config) {
        return Sketcher.version() + ", " + config.bands() + " x " + config.rows();
    }

    static Row row(String id, Sketch sketch) {
        return RowFactory.create(id, sketch.size(), sketch.fingerprint(), sketch.signature(), sketch.shingles());
    }

    /** The sketches of those documents {@code (id, text)} that have a text; nothing runs yet. */
    static Dataset<Row> of(Dataset<Row> documents, DedupConfig.Near config) {
        MapPartitionsFunction<Row, Row> sketch = rows -> {
            Sketcher sketcher = new Sketcher(config.minHash());
            return RowExpansion.flatMap(
                    rows, (row, out) -> out.accept(row(row.getString(0), sketcher.sketch(row.getString(1)))));
        };
        return documents
                .select(DocumentTable.ID, DocumentTable.TEXT)
                .filter(col(DocumentTable.TEXT).isNotNull())
                .mapPartitions(sketch, Encoders.row(SCHEMA));
    }
}
