package io.polyglow.dataprep.spark;

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

    /** In as many partitions as keep every task near one slice of bytes, and every core busy. */
    static JavaRDD<InputSlice> distribute(SparkSession spark, List<InputSlice> slices) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        long bytes =
                slices.stream().mapToLong(slice -> slice.end() - slice.start()).sum();
        long partitions = Math.max(2L * context.defaultParallelism(), bytes / sliceBytes(spark) + 1);
        return context.parallelize(slices, (int) Math.min(slices.size(), partitions));
    }

    private static long sliceBytes(SparkSession spark) {
        return spark.sessionState().conf().filesMaxPartitionBytes();
    }
}
