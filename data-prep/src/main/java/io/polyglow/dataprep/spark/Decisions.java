package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.size;

import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.filter.Filter;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.pii.PiiPolicy;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The table {@code decisions}: one row per document with all reasons to leave it out, none for one that stays. Made without a look at any text. */
final class Decisions implements Serializable {
    static final String REASONS = "reasons";

    private static final long serialVersionUID = 1;
    private static final List<String> COPIED = List.of(
            DocumentTable.ID,
            DocumentTable.SOURCE,
            DocumentTable.POSITION,
            DocumentTable.LANGUAGE,
            Annotations.LANGUAGE_SCORE,
            DocumentTable.BYTES,
            DocumentTable.CONTENT_HASH);

    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(DocumentTable.SOURCE, DataTypes.StringType, false)
            .add(DocumentTable.POSITION, DataTypes.LongType, false)
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(Annotations.LANGUAGE_SCORE, DataTypes.DoubleType, false)
            .add(DocumentTable.BYTES, DataTypes.LongType, false)
            .add(DocumentTable.CONTENT_HASH, DataTypes.StringType, true)
            .add(REASONS, DataTypes.createArrayType(DataTypes.StringType, false), false);

    private final boolean filters;
    private final ThresholdCatalog thresholds;
    private final PiiPolicy pii;
    private final Broadcast<Set<String>> takenDown;

    /**
     * Decides by these thresholds, unless the filters are off, and by what is done about personal data.
     *
     * @param takenDown hashes of texts, or ids of documents, that must not come back
     */
    Decisions(boolean filters, ThresholdCatalog thresholds, PiiPolicy pii, Broadcast<Set<String>> takenDown) {
        this.filters = filters;
        this.thresholds = thresholds;
        this.pii = pii;
        this.takenDown = takenDown;
    }

    /** Decides on {@link Annotations}. */
    Dataset<Row> of(Dataset<Row> annotations) {
        MapFunction<Row, Row> decide = this::decide;
        return annotations.map(decide, Encoders.row(SCHEMA));
    }

    private Row decide(Row annotated) {
        Object[] values = new Object[COPIED.size() + 1];
        for (int i = 0; i < COPIED.size(); i++) {
            values[i] = annotated.getAs(COPIED.get(i));
        }
        values[COPIED.size()] = reasons(annotated).toArray(new String[0]);
        return RowFactory.create(values);
    }

    private List<String> reasons(Row annotated) {
        String rejected = annotated.getAs(DocumentTable.REJECTED);
        if (rejected != null) {
            return List.of(rejected);
        }
        List<String> reasons = new ArrayList<>();
        Set<String> taken = takenDown.value();
        if (taken.contains(annotated.<String>getAs(DocumentTable.ID))
                || taken.contains(annotated.<String>getAs(DocumentTable.CONTENT_HASH))) {
            reasons.add(Rejections.TAKEN_DOWN);
        }
        if (filters) {
            reasons.addAll(filterReasons(annotated, annotated.fieldIndex(DocumentTable.LANGUAGE), thresholds));
        }
        pii.reason(PiiColumns.spans(annotated.getList(annotated.fieldIndex(Annotations.PII))))
                .ifPresent(reasons::add);
        return reasons;
    }

    /** What the filters say of a row whose columns language, score and quality stand at {@code first} and after it. */
    static List<String> filterReasons(Row row, int first, ThresholdCatalog thresholds) {
        return Filter.reasons(
                QualityColumns.stats(row.getStruct(first + 2)),
                row.getDouble(first + 1),
                thresholds.of(row.getString(first)));
    }

    /** Whether a document has no reason to be left out. */
    static Column stays() {
        return size(col(REASONS)).equalTo(0);
    }
}
