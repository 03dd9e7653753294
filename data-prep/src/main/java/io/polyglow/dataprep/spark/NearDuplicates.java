package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.udf;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.Nodes;
import io.polyglow.dataprep.dedup.Shingles;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.jspecify.annotations.Nullable;

/**
 * Clusters of documents that are nearly the same, and the one of each that is kept: of an earlier corpus if there is one, else the one with the smallest
 * id. Everything is joins and group-bys of Spark over tables in a work directory; nothing is gathered on the driver or in one task but lists bounded by
 * constants. The result depends on the documents alone.
 *
 * <ol>
 *   <li>Documents with the same shingles are joined to the smallest of them; one of each kind goes on.
 *   <li>Documents that agree in a band become {@link CandidatePairs}.
 *   <li>The true Jaccard similarity of each pair is computed; those of at least {@code similarity} stay.
 *   <li>{@link Components} of the graph of these pairs are the clusters: two members may be less similar than that, if others connect them.
 * </ol>
 */
final class NearDuplicates {
    static final String SKETCHES = "sketches";
    /** Sketches, equal shingles, candidate pairs, true similarity, clusters. */
    static final int STEPS = 5;

    private static final String NODE = "node";
    private static final UserDefinedFunction JACCARD =
            udf((UDF2<byte[], byte[], Double>) Shingles::jaccard, DataTypes.DoubleType);

    private final WorkTables work;
    private final DedupConfig.Near config;
    private final Consumer<String> news;

    private NearDuplicates(WorkTables work, DedupConfig.Near config, Consumer<String> news) {
        this.work = work;
        this.config = config;
        this.news = news;
    }

    /**
     * Finds the clusters of documents {@code (id, text)}. Their sketches stay in {@code directory/sketches} and are an index for later corpora.
     *
     * @param directory URI of a work directory; what earlier attempts left there is overwritten
     * @param news hears, line by line, how far it is
     * @return for every document {@code (id, cluster, cluster_earlier, cluster_size, kept)}, a written table: the id of the document that is kept for its cluster,
     *     whether that one is of the earlier corpus, the number of members, and whether it is this one
     */
    static Dataset<Row> run(Dataset<Row> documents, DedupConfig config, String directory, Consumer<String> news) {
        SparkSession spark = documents.sparkSession();
        WorkTables work = new WorkTables(spark, directory);
        Dataset<Row> sketches = work.write(SKETCHES, "sketches", () -> SketchColumns.of(documents, config.near()));
        String against = config.against();
        Dataset<Row> earlier = against == null ? null : earlier(spark, against, config.near());
        return new NearDuplicates(work, config.near(), news).clusters(sketches, earlier);
    }

    /** The index of an earlier corpus, refused when it cannot be compared. */
    static Dataset<Row> earlier(SparkSession spark, String directory, DedupConfig.Near config) {
        Dataset<Row> index = spark.read().parquet(Locations.path(directory).toString());
        List<String> columns = List.of(index.columns());
        if (!columns.containsAll(List.of(SketchColumns.SCHEMA.fieldNames()))) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dedup.against: " + directory + " is no index of sketches: its columns are "
                            + String.join(", ", columns) + ". Name the sketches folder of an earlier corpus.");
        }
        int wanted = config.bands() * config.rows() * Integer.BYTES;
        List<Row> first = index.filter(col(SketchColumns.SIZE).gt(0))
                .select(SketchColumns.SIGNATURE)
                .takeAsList(1);
        int found = first.isEmpty() ? wanted : ((byte[]) first.get(0).get(0)).length;
        if (found != wanted) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dedup.against: " + directory + " has signatures of " + found / Integer.BYTES
                            + " values, this corpus of " + config.bands() + " x " + config.rows()
                            + ". Set dedup.near.bands and dedup.near.rows as they were then.");
        }
        return index;
    }

    private Dataset<Row> clusters(Dataset<Row> own, @Nullable Dataset<Row> earlier) {
        Dataset<Row> all = named(own, Nodes.OWN);
        if (earlier != null) {
            all = all.union(named(earlier, Nodes.EARLIER));
        }
        Dataset<Row> edges = edges(all);
        Dataset<Row> members = new Components(work, news).of(edges);
        Dataset<Row> sizes = members.groupBy("cluster").agg(count(lit(1)).as("cluster_size"));
        Dataset<Row> sized = SkewJoin.join(members, members.count(), "cluster", NODE, sizes);
        Dataset<Row> result = named(own, Nodes.OWN)
                .select(NODE)
                .join(sized, new String[] {NODE}, "left")
                .select(result());
        Dataset<Row> written = work.write("clusters", "clusters: members and sizes", () -> result);
        List.of("pairs", "edges").forEach(work::delete);
        return written;
    }

    private static Dataset<Row> named(Dataset<Row> sketches, String corpus) {
        return sketches.select(
                concat(lit(corpus), col(SketchColumns.ID)).as(NODE),
                col(SketchColumns.SIZE),
                col(SketchColumns.FINGERPRINT),
                col(SketchColumns.SIGNATURE),
                col(SketchColumns.SHINGLES));
    }

    private static Column[] result() {
        Column cluster = coalesce(col("cluster"), col(NODE));
        return new Column[] {
            id(col(NODE)).as("id"),
            id(cluster).as("cluster"),
            cluster.startsWith(Nodes.EARLIER).as("cluster_earlier"),
            coalesce(col("cluster_size"), lit(1L)).as("cluster_size"),
            cluster.equalTo(col(NODE)).as("kept")
        };
    }

    private static Column id(Column node) {
        return node.substr(lit(2), org.apache.spark.sql.functions.length(node));
    }

    private Dataset<Row> edges(Dataset<Row> all) {
        Dataset<Row> kinds = work.write("kinds", "equal shingles", () -> kinds(all));
        Dataset<Row> equal = kinds.filter(col(NODE).notEqual(col("first")))
                .select(col("first").as("a"), col(NODE).as("b"));
        Dataset<Row> distinct = kinds.filter(col(NODE).equalTo(col("first")));
        Dataset<Row> pairs = work.write("pairs", "candidate pairs", () -> CandidatePairs.of(distinct, config));
        Dataset<Row> sets = all.select(NODE, SketchColumns.SHINGLES);
        Dataset<Row> edges = work.write("edges", "true similarity", () -> equal.union(verified(pairs, sets)));
        news.accept("true similarity: " + pairs.count() + " pairs looked at, " + edges.count() + " hold");
        work.delete("kinds");
        return edges;
    }

    private static Dataset<Row> kinds(Dataset<Row> all) {
        Dataset<Row> rows = all.filter(col(SketchColumns.SIZE).gt(0)).drop(SketchColumns.SHINGLES);
        Dataset<Row> first =
                rows.groupBy(SketchColumns.FINGERPRINT).agg(min(NODE).as("first"));
        return SkewJoin.join(rows, rows.count(), SketchColumns.FINGERPRINT, NODE, first)
                .drop(SketchColumns.FINGERPRINT);
    }

    private Dataset<Row> verified(Dataset<Row> pairs, Dataset<Row> sets) {
        Dataset<Row> setsOfA =
                sets.select(col(NODE).as("a"), col(SketchColumns.SHINGLES).as("set_a"));
        Dataset<Row> setsOfB =
                sets.select(col(NODE).as("b"), col(SketchColumns.SHINGLES).as("set_b"));
        return SkewJoin.join(pairs, pairs.count(), "a", "b", setsOfA)
                .join(setsOfB, "b")
                .filter(JACCARD.apply(col("set_a"), col("set_b")).geq(config.similarity()))
                .select("a", "b");
    }
}
