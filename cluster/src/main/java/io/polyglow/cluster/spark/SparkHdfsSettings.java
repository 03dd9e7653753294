package io.polyglow.cluster.spark;

import io.polyglow.cluster.store.hdfs.HdfsSettingsProvider;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;

/** What a Spark application says of Hadoop ({@code spark.hadoop.*}), in its driver and its executors; see {@link ExecutorHadoopSettings}. */
public final class SparkHdfsSettings implements HdfsSettingsProvider {
    @Override
    public Optional<Configuration> get() {
        return Optional.ofNullable(SparkEnv.get())
                .map(env -> SparkHadoopUtil.get().newConfiguration(env.conf()));
    }
}
