package io.polyglow.cluster.spark;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * Which HDFS the executors of an application may use where clients must prove who they are (Kerberos). Spark gets them tokens for the one that is the default
 * ({@code fs.defaultFS}); for others it must be told.
 */
public final class HdfsAccess {
    private static final String PROPERTY = "spark.kerberos.access.hadoopFileSystems";
    private static final Pattern ADDRESS = Pattern.compile("hdfs://[^/,{}\\s]+");

    private HdfsAccess() {}

    /** Names every HDFS of {@code places} (paths, globs, lists separated by commas) to Spark, unless the user has named those there are. */
    public static void grant(SparkConf conf, Collection<String> places) {
        Set<String> found = new LinkedHashSet<>();
        for (String place : places) {
            Matcher address = ADDRESS.matcher(place);
            while (address.find()) {
                found.add(address.group());
            }
        }
        if (!found.isEmpty() && !conf.contains(PROPERTY)) {
            conf.set(PROPERTY, String.join(",", found));
        }
    }
}
