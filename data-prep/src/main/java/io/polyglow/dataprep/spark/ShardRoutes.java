package io.polyglow.dataprep.spark;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.hash.Murmur3_x86_32;

/**
 * Sends each shard to a task of its own. Spark places rows by hash only: n shards hashed to n tasks leave 37 % of the tasks without one and give some of them three or four. So rows are
 * hashed by a number that is looked up by shard, chosen so that its hash is the shard's own partition. If Spark hashed otherwise some day, tasks would be uneven again and
 * nothing else would change.
 */
final class ShardRoutes {
    /** Of Spark's hash partitioning. */
    private static final int SEED = 42;

    private ShardRoutes() {}

    /** What to hash rows by that {@code repartition(shards, ...)} is to bring to the partition of their number in {@code shard}. */
    static Column of(Column shard, int shards) {
        int[] routes = routes(shards);
        return functions
                .udf((UDF1<Integer, Integer>) number -> routes[number], DataTypes.IntegerType)
                .apply(shard);
    }

    /** For each partition the smallest number that Spark's hash brings there. */
    private static int[] routes(int partitions) {
        int[] routes = new int[partitions];
        boolean[] found = new boolean[partitions];
        int missing = partitions;
        for (int number = 0; missing > 0; number++) {
            int partition = Math.floorMod(Murmur3_x86_32.hashInt(number, SEED), partitions);
            if (!found[partition]) {
                found[partition] = true;
                routes[partition] = number;
                missing--;
            }
        }
        return routes;
    }
}
