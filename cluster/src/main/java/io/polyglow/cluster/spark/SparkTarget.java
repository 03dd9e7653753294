package io.polyglow.cluster.spark;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a job runs.
 *
 * @param master {@code spark://host:port}, {@code yarn}, {@code local[N]}, {@code local-cluster[N,CORES,MEGABYTES]}; null for this machine: real
 *     executor processes if there are several ranks, else this process
 * @param properties Spark properties ({@code spark.*}) that override the defaults of {@link SparkSettings}
 */
public record SparkTarget(@Nullable String master, Map<String, String> properties) {
    /** This machine. */
    public static final SparkTarget HERE = new SparkTarget(null, Map.of());

    /** Copies the properties; a USAGE error when the master is none that Spark knows. */
    public SparkTarget {
        properties = Map.copyOf(properties);
        if (master != null) {
            SparkMaster.check(master);
        } else if (properties.containsKey("spark.master")) {
            SparkMaster.check(properties.get("spark.master"));
        }
    }
}
