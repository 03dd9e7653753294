package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Connected components by alternating large stars and small stars (Kiveris et al., "Connected Components in MapReduce and Beyond", SoCC 2014): every step is a
 * join and a group-by that spill to disk, no machine ever holds a component, and the number of rounds grows with the logarithm of the longest path.
 * In the end every node hangs on the smallest of its component. A step turns a set of edges into a set, so the result does not depend on partitions.
 */
final class Components {
    private final WorkTables work;
    private final Consumer<String> notes;
    private int step;

    /** Steps are written to {@code work}; {@code notes} hears what every round came to. */
    Components(WorkTables work, Consumer<String> notes) {
        this.work = work;
        this.notes = notes;
    }

    /**
     * The members of all components of more than one node.
     *
     * @param edges {@code (a, b)}, {@code a < b}, undirected, a written table
     * @return {@code (node, cluster)}, where cluster is the smallest node of the component, for itself too
     */
    Dataset<Row> of(Dataset<Row> edges) {
        Dataset<Row> links = edges.select(col("b").as("node"), col("a").as("parent"));
        Row before = summary(links);
        for (int round = 1; ; round++) {
            Dataset<Row> large = largeStars("round " + round + ", large stars", links, before.getLong(0));
            links = smallStars("round " + round + ", small stars", large, before.getLong(0));
            Row after = summary(links);
            notes.accept("clusters: " + after.getLong(0) + " links after round " + round);
            if (after.equals(before)) {
                break;
            }
            before = after;
        }
        Dataset<Row> members = links.select(col("node"), col("parent").as("cluster"));
        return members.union(
                members.select(col("cluster").as("node"), col("cluster")).distinct());
    }

    /** Each node's larger neighbours go to the smallest of its neighbourhood. */
    private Dataset<Row> largeStars(String what, Dataset<Row> links, long count) {
        Dataset<Row> neighbours = links.select(
                        col("node").as("center"), col("parent").as("neighbour"))
                .union(links.select(col("parent").as("center"), col("node").as("neighbour")));
        Dataset<Row> smallest = neighbours
                .groupBy("center")
                .agg(min("neighbour").as("smallest"))
                .select(col("center"), least(col("center"), col("smallest")).as("smallest"));
        return write(what, () -> SkewJoin.join(neighbours, 2 * count, "center", "neighbour", smallest)
                .filter(col("neighbour").gt(col("center")))
                .select(col("neighbour").as("node"), col("smallest").as("parent"))
                .distinct());
    }

    /** Each node and its smaller neighbours go to the smallest of these. */
    private Dataset<Row> smallStars(String what, Dataset<Row> links, long count) {
        Dataset<Row> smallest = links.groupBy("node").agg(min("parent").as("smallest"));
        return write(what, () -> SkewJoin.join(links, 2 * count, "node", "parent", smallest)
                .filter(col("parent").notEqual(col("smallest")))
                .select(col("parent").as("node"), col("smallest").as("parent"))
                .union(smallest.select(col("node"), col("smallest").as("parent")))
                .distinct());
    }

    /** Two sets of links with the same summary are the same, but for an accident of one in 2^64. */
    private static Row summary(Dataset<Row> links) {
        return links.agg(count(lit(1)), bit_xor(xxhash64(col("node"), col("parent"))))
                .first();
    }

    private Dataset<Row> write(String what, Supplier<Dataset<Row>> links) {
        Dataset<Row> written = work.write(name(++step), "clusters: " + what, links);
        if (step > 1) {
            work.delete(name(step - 1));
        }
        return written;
    }

    private static String name(int step) {
        return "step-" + step;
    }
}
