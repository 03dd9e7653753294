package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.dataprep.doc.Edit;
import io.polyglow.dataprep.doc.Edits;
import io.polyglow.dataprep.filter.Filter;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.pii.PiiPolicy;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The table {@code kept}: the texts that are trained on, each with its language and where it comes from. Whatever is taken out of a document is taken out here, by
 * {@link Edit}s that annotators and policies name. A document that nothing but white space is left of is not there, see {@link Outcomes}. All later stages read
 * nothing else.
 */
final class KeptTexts implements Serializable {
    private static final long serialVersionUID = 1;

    /** Column of a table of edits: an array of (start, end, replacement). */
    static final String EDITS = "edits";

    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(DocumentTable.SOURCE, DataTypes.StringType, false)
            .add(DocumentTable.POSITION, DataTypes.LongType, false)
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(Deduplication.CLUSTER_SIZE, DataTypes.LongType, false)
            .add(DocumentTable.REPAIRS, DataTypes.IntegerType, false)
            .add(DocumentTable.BYTES, DataTypes.LongType, false)
            .add(DocumentTable.TEXT, DataTypes.StringType, false);

    private final boolean filters;
    private final ThresholdCatalog thresholds;
    private final PiiPolicy pii;

    /** Texts edited as these filters, unless they are off, and what is done about personal data say. */
    KeptTexts(boolean filters, ThresholdCatalog thresholds, PiiPolicy pii) {
        this.filters = filters;
        this.thresholds = thresholds;
        this.pii = pii;
    }

    /**
     * The documents that have no reason to go and are the ones kept of their duplicates.
     *
     * @param edits tables {@code (id, edits)} of changes besides
     */
    Dataset<Row> of(
            Dataset<Row> documents, Dataset<Row> annotations, Dataset<Row> duplicates, List<Dataset<Row>> edits) {
        Dataset<Row> kept =
                duplicates.filter(Deduplication.isKept()).select(DocumentTable.ID, Deduplication.CLUSTER_SIZE);
        FlatMapFunction<Row, Row> edit = this::edited;
        Dataset<Row> joined = documents
                .select(
                        DocumentTable.ID,
                        DocumentTable.SOURCE,
                        DocumentTable.POSITION,
                        DocumentTable.REPAIRS,
                        DocumentTable.TEXT)
                .join(kept, DocumentTable.ID)
                .join(
                        annotations.select(
                                DocumentTable.ID, DocumentTable.LANGUAGE, Annotations.QUALITY, Annotations.PII),
                        DocumentTable.ID);
        for (int i = 0; i < edits.size(); i++) {
            joined = joined.join(
                    edits.get(i).withColumnRenamed(EDITS, EDITS + i), new String[] {DocumentTable.ID}, "left");
        }
        return joined.flatMap(edit, Encoders.row(SCHEMA));
    }

    private Iterator<Row> edited(Row row) {
        String text = row.getAs(DocumentTable.TEXT);
        String language = row.getAs(DocumentTable.LANGUAGE);
        List<Edit> edits =
                new ArrayList<>(pii.edits(text, PiiColumns.spans(row.getList(row.fieldIndex(Annotations.PII)))));
        if (filters) {
            Row quality = row.getAs(Annotations.QUALITY);
            edits.addAll(Filter.edits(text, QualityColumns.stats(quality), thresholds.of(language)));
        }
        for (String column : row.schema().fieldNames()) {
            if (column.startsWith(EDITS) && !row.isNullAt(row.fieldIndex(column))) {
                row.<Row>getList(row.fieldIndex(column))
                        .forEach(edit -> edits.add(new Edit(edit.getInt(0), edit.getInt(1), edit.getString(2))));
            }
        }
        String left = Edits.apply(text, edits);
        if (TextNormalizer.isBlank(left)) {
            return Collections.emptyIterator();
        }
        return List.of(RowFactory.create(
                        row.getAs(DocumentTable.ID),
                        row.getAs(DocumentTable.SOURCE),
                        row.getAs(DocumentTable.POSITION),
                        language,
                        row.getAs(Deduplication.CLUSTER_SIZE),
                        row.getAs(DocumentTable.REPAIRS),
                        (long) left.getBytes(StandardCharsets.UTF_8).length,
                        left))
                .iterator();
    }
}
