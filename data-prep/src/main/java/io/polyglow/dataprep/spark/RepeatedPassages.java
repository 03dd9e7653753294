package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.Passage;
import io.polyglow.dataprep.dedup.Passage.Kind;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Lines and paragraphs that many documents share, as edits that take them out. The occurrence with the smallest (id, position) stays, whatever the order of
 * rows; repetitions inside one document of a passage that is shared go too.
 */
final class RepeatedPassages {
    private static final String KEY = "key";
    private static final StructType OCCURRENCES = new StructType()
            .add(KEY, DataTypes.BinaryType, false)
            .add("id", DataTypes.StringType, false)
            .add("start", DataTypes.IntegerType, false)
            .add("end", DataTypes.IntegerType, false)
            .add("first", DataTypes.BooleanType, false);

    /** How many steps {@link #run} has. */
    static final int STEPS = 1;

    private RepeatedPassages() {}

    /** Whether anything is to be taken out at all. */
    static boolean wanted(DedupConfig config) {
        return config.lines().minDocuments() > 0 || config.paragraphs().minDocuments() > 0;
    }

    /** The edits of documents {@code (id, text)}: {@code (id, edits)} with edits as an array of (start, end, replacement), for those that have any. */
    static Dataset<Row> run(Dataset<Row> documents, DedupConfig config, WorkTables work) {
        Dataset<Row> removals = removals(documents, Kind.LINE, config.lines(), work)
                .union(removals(documents, Kind.PARAGRAPH, config.paragraphs(), work));
        Dataset<Row> written = work.write("edits", "repeated passages: edits", () -> removals.groupBy("id")
                .agg(sort_array(collect_list(struct(col("start"), col("end"), lit("").as("replacement"))))
                        .as("edits")));
        for (Kind kind : Kind.values()) {
            work.delete(name(kind));
        }
        return written;
    }

    private static Dataset<Row> removals(
            Dataset<Row> documents, Kind kind, DedupConfig.Passages config, WorkTables work) {
        if (config.minDocuments() == 0) {
            return documents
                    .sparkSession()
                    .emptyDataFrame()
                    .select(lit("").as("id"), lit(0).as("start"), lit(0).as("end"));
        }
        Dataset<Row> occurrences = work.write(
                name(kind),
                "repeated passages: every " + name(kind),
                () -> occurrences(documents, kind, config.minCharacters()));
        Dataset<Row> shared = occurrences
                .groupBy(KEY)
                .agg(
                        sum(when(col("first"), 1L).otherwise(0L)).as("documents"),
                        min(struct("id", "start")).as("kept"))
                .filter(col("documents").geq(config.minDocuments()))
                .select(KEY, "kept");
        work.describe("repeated passages: shared ones among " + name(kind));
        return SkewJoin.join(occurrences, occurrences.count(), KEY, "id", shared)
                .filter(struct("id", "start").notEqual(col("kept")))
                .select("id", "start", "end");
    }

    private static String name(Kind kind) {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static Dataset<Row> occurrences(Dataset<Row> documents, Kind kind, int minCharacters) {
        MapPartitionsFunction<Row, Row> passages = rows -> RowExpansion.flatMap(rows, (row, out) -> {
            for (Passage passage : Passage.of(row.getString(1), kind, minCharacters)) {
                out.accept(RowFactory.create(
                        passage.key(), row.getString(0), passage.start(), passage.end(), passage.first()));
            }
        });
        return documents
                .select(DocumentTable.ID, DocumentTable.TEXT)
                .mapPartitions(passages, Encoders.row(OCCURRENCES));
    }
}
