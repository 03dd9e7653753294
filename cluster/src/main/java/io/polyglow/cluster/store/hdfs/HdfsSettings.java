package io.polyglow.cluster.store.hdfs;

import java.util.Optional;
import java.util.ServiceLoader;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;

/** Hadoop's settings, for HDFS. */
public final class HdfsSettings {
    private HdfsSettings() {}

    /** Those on the class path, of which {@code HADOOP_CONF_DIR} is a part; a copy. */
    public static Configuration onClassPath() {
        HdfsConfiguration.init(); // else those for HDFS come with the first client
        return new Configuration();
    }

    /** Those of this process: its application's too, which are all that an executor may have; a copy. */
    static Configuration ofProcess() {
        return ServiceLoader.load(HdfsSettingsProvider.class, HdfsSettings.class.getClassLoader()).stream()
                .map(provider -> provider.get().get())
                .flatMap(Optional::stream)
                .findFirst()
                .orElseGet(HdfsSettings::onClassPath);
    }
}
