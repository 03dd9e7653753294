package io.polyglow.cluster.store.hdfs;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;

/** Hadoop's settings, for HDFS. */
public final class HdfsSettings {
    private HdfsSettings() {}

    /** Those on the class path, of which {@code HADOOP_CONF_DIR} is a part; a copy. */
    public static Configuration onClassPath() {
        HdfsConfiguration.init(); // else those for HDFS come with the first client
        return new Configuration();
    }

    /** Those of this process: in one of a Spark application the application's too ({@code spark.hadoop.*}), which is all that an executor may have; a copy. */
    static Configuration ofProcess() {
        SparkEnv env = SparkEnv.get();
        return env == null ? onClassPath() : SparkHadoopUtil.get().newConfiguration(env.conf());
    }
}
