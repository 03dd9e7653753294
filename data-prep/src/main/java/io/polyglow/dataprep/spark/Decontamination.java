package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.Contamination;
import io.polyglow.dataprep.dedup.DecontaminationConfig;
import io.polyglow.dataprep.dedup.EvaluationIndex;
import io.polyglow.dataprep.dedup.EvaluationIndex.Hit;
import io.polyglow.dataprep.dedup.EvaluationIndex.Item;
import io.polyglow.dataprep.dedup.SimplifiedText;
import io.polyglow.dataprep.spark.EvaluationFiles.Count;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Finds parts of evaluation sets in documents. The sets are read once, and their n-grams sent to every executor; documents are looked through where they
 * are, so there is no shuffle.
 */
final class Decontamination {
    private static final StructType HIT = new StructType()
            .add("set", DataTypes.StringType, false)
            .add("item", DataTypes.StringType, false)
            .add("ngrams", DataTypes.IntegerType, false)
            .add("start", DataTypes.IntegerType, false)
            .add("end", DataTypes.IntegerType, false)
            .add("text", DataTypes.StringType, false);
    private static final StructType EDIT = new StructType()
            .add("start", DataTypes.IntegerType, false)
            .add("end", DataTypes.IntegerType, false)
            .add("replacement", DataTypes.StringType, false);

    /** {@code id}, {@code hits}, {@code reason} (null when the document stays) and {@code edits}. */
    static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("hits", new ArrayType(HIT, false), false)
            .add("reason", DataTypes.StringType, true)
            .add("edits", new ArrayType(EDIT, false), false);

    private Decontamination() {}

    /** Whether there is anything to look for. */
    static boolean wanted(DecontaminationConfig config) {
        return !config.sets().isEmpty();
    }

    /** The documents {@code (id, text)} that hold parts of evaluation sets, as {@link #SCHEMA}; nothing but the sets is read yet. */
    static Dataset<Row> find(Dataset<Row> documents, DecontaminationConfig config) {
        SparkSession spark = documents.sparkSession();
        EvaluationIndex.Builder builder = new EvaluationIndex.Builder(config);
        read(spark, config, builder::add);
        Broadcast<EvaluationIndex> index =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(builder.build());
        Broadcast<DecontaminationConfig> shared =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(config);
        MapPartitionsFunction<Row, Row> find = rows -> {
            SimplifiedText simplified = new SimplifiedText();
            return RowExpansion.flatMap(rows, (row, out) -> {
                String text = row.getString(1);
                List<Hit> hits = index.value().hits(text, simplified);
                if (!hits.isEmpty()) {
                    out.accept(row(row.getString(0), text, hits, shared.value()));
                }
            });
        };
        return documents.select(DocumentTable.ID, DocumentTable.TEXT).mapPartitions(find, Encoders.row(SCHEMA));
    }

    /** What there is of each set. */
    private static Map<String, Count> read(SparkSession spark, DecontaminationConfig config, Consumer<Item> items) {
        Configuration conf = spark.sessionState().newHadoopConf();
        Map<String, Count> counts = new TreeMap<>();
        config.sets()
                .forEach((set, location) ->
                        counts.put(set, EvaluationFiles.read(conf, set, location, config.field(), items)));
        return counts;
    }

    private static Row row(String id, String text, List<Hit> hits, DecontaminationConfig config) {
        Contamination contamination = Contamination.decide(text, hits, config);
        return RowFactory.create(
                id,
                hits.stream()
                        .map(hit -> RowFactory.create(
                                hit.set(),
                                hit.item(),
                                hit.ngrams(),
                                hit.start(),
                                hit.end(),
                                text.substring(hit.start(), hit.end())))
                        .toArray(),
                contamination.reason(),
                contamination.edits().stream()
                        .map(edit -> RowFactory.create(edit.start(), edit.end(), edit.replacement()))
                        .toArray());
    }

    /**
     * What {@code contamination.json} says: per set its items, those of them without text in the field that was set, the documents and items hit and what became of the documents, and
     * per item how often. The sets are read again to count them.
     *
     * @param found a written table of {@link #find}
     */
    static JsonObject report(Dataset<Row> found, DecontaminationConfig config) {
        Dataset<Row> hits = found.select(col("id"), explode(col("hits")).as("hit"))
                .select(
                        col("id"),
                        col("hit.set").as("set"),
                        col("hit.item").as("item"),
                        col("hit.ngrams").as("ngrams"));
        JsonObject sets = new JsonObject();
        read(found.sparkSession(), config, item -> {})
                .forEach(
                        (set, count) -> sets.put(set, set(hits.filter(col("set").equalTo(set)), count)));
        return new JsonObject()
                .put("documents_hit", found.count())
                .put(
                        "documents_dropped",
                        found.filter(col("reason").isNotNull()).count())
                .put(
                        "documents_cut",
                        found.filter("reason is null and size(edits) > 0").count())
                .put("sets", sets);
    }

    /** The items are no more than those of the evaluation set, which the driver has read. */
    private static JsonObject set(Dataset<Row> hits, Count count) {
        JsonArray items = new JsonArray();
        hits.groupBy("item")
                .agg(countDistinct("id").as("documents"), sum("ngrams").as("ngrams"))
                .orderBy(col("documents").desc(), col("item"))
                .collectAsList()
                .forEach(row -> items.add(new JsonObject()
                        .put("item", row.getString(0))
                        .put("documents", row.getLong(1))
                        .put("ngrams", row.getLong(2))));
        Row totals = hits.agg(countDistinct("id"), count(lit(1))).first();
        return new JsonObject()
                .put("items_read", count.items())
                .put("items_without_field", count.withoutField())
                .put("documents", totals.getLong(0))
                .put("places", totals.getLong(1))
                .put("items_hit", (long) items.size())
                .put("items", items);
    }
}
