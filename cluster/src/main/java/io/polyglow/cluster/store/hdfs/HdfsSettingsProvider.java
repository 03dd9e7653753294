package io.polyglow.cluster.store.hdfs;

import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Knows Hadoop's settings of a process that belongs to an application; found by {@link java.util.ServiceLoader}. Any thread. */
public interface HdfsSettingsProvider {
    /** Those of the class path and the application's, a copy; empty if this process belongs to none. */
    Optional<Configuration> get();
}
