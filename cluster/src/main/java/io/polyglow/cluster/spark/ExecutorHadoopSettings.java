package io.polyglow.cluster.spark;

import io.polyglow.cluster.store.hdfs.HdfsSettings;
import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;

/**
 * Gives executors what the driver's {@code core-site.xml} and {@code hdfs-site.xml} say, such as the NameNodes behind a logical name. YARN does that by itself; workers of a standalone cluster and containers
 * of Kubernetes may have no settings of Hadoop at all.
 */
public final class ExecutorHadoopSettings {
    /** What Spark puts into Hadoop's settings of all processes of an application, without the prefix. */
    private static final String PREFIX = "spark.hadoop.";

    private ExecutorHadoopSettings() {}

    /** Sets what the executors of {@code spark.master} may lack, unless the application sets it otherwise. */
    public static void addTo(SparkConf conf) {
        String master = conf.get("spark.master");
        if (!master.startsWith("local") && !master.equals("yarn")) {
            addTo(conf, HdfsSettings.onClassPath());
        }
    }

    static void addTo(SparkConf conf, Configuration settings) {
        for (Map.Entry<String, String> setting : settings) {
            String[] sources = settings.getPropertySources(setting.getKey());
            if (sources != null && Arrays.stream(sources).anyMatch(ExecutorHadoopSettings::isOfSite)) {
                conf.setIfMissing(PREFIX + setting.getKey(), setting.getValue());
            }
        }
    }

    private static boolean isOfSite(String source) {
        return source.endsWith("core-site.xml") || source.endsWith("hdfs-site.xml");
    }
}
