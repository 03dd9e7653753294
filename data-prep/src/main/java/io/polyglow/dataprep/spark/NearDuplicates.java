package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.Nodes;
import io.polyglow.dataprep.dedup.Shingles;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

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
    /** Signatures of what stays, equal shingles, candidate pairs, true similarity, clusters. */
    static final int STEPS = 5;

    /** The table of candidate pairs {@code (a, b)}. */
    static final String PAIRS = "pairs";

    /** The table of links {@code (a, b)}: pairs that verification left, and documents with equal shingles. */
    static final String EDGES = "edges";

    private static final String NODE = "node";
    private static final String COPIES = "copies";
    private static final UserDefinedFunction JACCARD =
            udf((UDF2<byte[], byte[], Double>) Shingles::jaccard, DataTypes.DoubleType);

    private final WorkTables work;
    private final DedupConfig.Near config;
    private final Consumer<String> notes;

    private NearDuplicates(WorkTables work, DedupConfig.Near config, Consumer<String> notes) {
        this.work = work;
        this.config = config;
        this.notes = notes;
    }

    /**
     * Documents with their sketches.
     *
     * @param documents a column {@code id}: those that are compared; of an earlier corpus {@code content_hash} too
     * @param sketches of these and of any others, see {@link SketchColumns}, a written table
     */
    record Sketched(Dataset<Row> documents, Dataset<Row> sketches) {
        /** Rows of sketches under names that no other corpus has. */
        private Dataset<Row> named(String corpus, String... columns) {
            return sketches.withColumn(NODE, concat(lit(corpus), col(SketchColumns.ID)))
                    .select(NODE, columns);
        }

        private Dataset<Row> compared(String corpus) {
            Dataset<Row> nodes =
                    documents.select(concat(lit(corpus), col(SketchColumns.ID)).as(NODE));
            return named(corpus, SketchColumns.SIZE, SketchColumns.FINGERPRINT, SketchColumns.SIGNATURE)
                    .join(nodes, NODE)
                    .filter(col(SketchColumns.SIZE).gt(0));
        }
    }

    /**
     * Finds the clusters of a corpus.
     *
     * @param own the corpus, one document of each text; {@code cluster_size} of its documents tells how many have the text
     * @param earlier corpora whose documents are kept rather than those of this one
     * @param work gets the tables between the steps
     * @param notes hears what the steps came to
     * @return for every document {@code (id, cluster, cluster_earlier, cluster_size, kept)}, a written table: the id of the document that is kept for its cluster,
     *     whether that one is of an earlier corpus (then {@code K:ID}, with its place in {@code earlier} from 1), how many documents of this corpus the cluster has, and whether it is this one
     */
    static Dataset<Row> run(
            Sketched own, List<Sketched> earlier, DedupConfig.Near config, WorkTables work, Consumer<String> notes) {
        return new NearDuplicates(work, config, notes).clusters(own, earlier);
    }

    private Dataset<Row> clusters(Sketched own, List<Sketched> earlier) {
        Dataset<Row> nodes = own.documents()
                .select(
                        concat(lit(Nodes.OWN), col(DocumentTable.ID)).as(NODE),
                        col(Deduplication.CLUSTER_SIZE).as(COPIES));
        Dataset<Row> members = new Components(work, notes).of(edges(own, earlier));
        Dataset<Row> written = work.write("clusters", "clusters: members and sizes", () -> {
            Dataset<Row> sizes =
                    members.join(nodes, NODE).groupBy("cluster").agg(sum(COPIES).as("cluster_size"));
            Dataset<Row> sized = SkewJoin.join(members, members.count(), "cluster", NODE, sizes);
            return nodes.join(sized, new String[] {NODE}, "left").select(result());
        });
        List.of(PAIRS, EDGES).forEach(work::delete);
        return written;
    }

    private static Column[] result() {
        Column cluster = coalesce(col("cluster"), col(NODE));
        return new Column[] {
            id(col(NODE)).as("id"),
            id(cluster).as("cluster"),
            cluster.startsWith(Nodes.EARLIER).as("cluster_earlier"),
            coalesce(col("cluster_size"), col(COPIES)).as("cluster_size"),
            cluster.equalTo(col(NODE)).as("kept")
        };
    }

    private static Column id(Column node) {
        return node.substr(lit(2), org.apache.spark.sql.functions.length(node));
    }

    private Dataset<Row> edges(Sketched own, List<Sketched> earlier) {
        Dataset<Row> compared = work.write(
                "compared", "signatures of what stays", () -> all(own, earlier, (part, name) -> part.compared(name)));
        Dataset<Row> kinds = work.write("kinds", "equal shingles", () -> kinds(compared));
        work.delete("compared");
        Dataset<Row> equal = kinds.filter(col(NODE).notEqual(col("first")))
                .select(col("first").as("a"), col(NODE).as("b"));
        Dataset<Row> distinct = kinds.filter(col(NODE).equalTo(col("first")));
        Dataset<Row> pairs = work.write(PAIRS, "candidate pairs", () -> CandidatePairs.of(distinct, config));
        Dataset<Row> sets = all(own, earlier, (part, name) -> part.named(name, SketchColumns.SHINGLES));
        Dataset<Row> edges = work.write(EDGES, "true similarity", () -> equal.union(verified(pairs, sets)));
        notes.accept("near-duplicates: " + pairs.count() + " pairs looked at, " + edges.count() + " links");
        work.delete("kinds");
        return edges;
    }

    private static Dataset<Row> all(
            Sketched own, List<Sketched> earlier, BiFunction<Sketched, String, Dataset<Row>> rows) {
        Dataset<Row> all = rows.apply(own, Nodes.OWN);
        for (int i = 0; i < earlier.size(); i++) {
            all = all.union(rows.apply(earlier.get(i), Nodes.EARLIER + (i + 1) + ":"));
        }
        return all;
    }

    private static Dataset<Row> kinds(Dataset<Row> compared) {
        Dataset<Row> first =
                compared.groupBy(SketchColumns.FINGERPRINT).agg(min(NODE).as("first"));
        return SkewJoin.join(compared, compared.count(), SketchColumns.FINGERPRINT, NODE, first)
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
