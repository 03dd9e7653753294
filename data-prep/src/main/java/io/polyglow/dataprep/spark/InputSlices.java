package io.polyglow.dataprep.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Cuts files into slices of {@code spark.sql.files.maxPartitionBytes} and spreads them over the cluster. */
final class InputSlices {
    private InputSlices() {}

    /** The slices of all files, in order; line numbers are not known yet. */
    static List<InputSlice> of(SparkSession spark, List<InputFile> files) {
        long sliceBytes = sliceBytes(spark);
        return files.stream().flatMap(file -> InputSlice.of(file, sliceBytes)).toList();
    }

    /** In order, and in partitions that cost about the same: a task takes one slice of a large file, or many small files. */
    static JavaRDD<InputSlice> distribute(SparkSession spark, List<InputSlice> slices) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        long openCost = spark.sessionState().conf().filesOpenCostInBytes();
        long total = slices.stream()
                .mapToLong(slice -> slice.end() - slice.start() + openCost)
                .sum();
        // as Spark's own file sources: every core busy twice, no task above one slice
        long target = Math.max(openCost, Math.min(sliceBytes(spark), total / (2L * context.defaultParallelism())));
        List<List<InputSlice>> tasks = group(slices, openCost, target);
        return context.parallelize(tasks, tasks.size()).flatMap(List::iterator);
    }

    /** Neighbours in groups of at most {@code target} bytes, where a file costs {@code openCost} more than its bytes; a larger slice is alone. */
    static List<List<InputSlice>> group(List<InputSlice> slices, long openCost, long target) {
        List<List<InputSlice>> groups = new ArrayList<>();
        long cost = Long.MAX_VALUE;
        for (InputSlice slice : slices) {
            long more = slice.end() - slice.start() + openCost;
            if (cost > target - more) {
                groups.add(new ArrayList<>());
                cost = 0;
            }
            groups.get(groups.size() - 1).add(slice);
            cost += more;
        }
        return groups;
    }

    private static long sliceBytes(SparkSession spark) {
        return spark.sessionState().conf().filesMaxPartitionBytes();
    }
}
