package io.polyglow.dataprep.spark;

import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.mapred.JobConf;
import org.apache.spark.sql.SparkSession;

/** The one small Spark session that all tests of this module share; it ends with the JVM. */
final class LocalSpark {
    private static final SparkSession SESSION = SparkSession.builder()
            .master("local[2]")
            .appName("data-prep tests")
            .config("spark.log.level", "ERROR")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", 3)
            .config("spark.sql.files.minPartitionNum", 1) // small tables are one task each
            .config("spark.hadoop." + LocalFiles.KEY, LocalFiles.class.getName())
            .config(SharedFolderCommits.KEY, SharedFolderCommits.class.getName())
            .config("spark.sql.codegen.cache.maxEntries", 2000) // the same queries come again in test after test
            .config("spark.sql.warehouse.dir", System.getProperty("java.io.tmpdir") + "/polyglow-warehouse")
            .getOrCreate();

    /** Defaults of services that these tests, on local files, do not have. */
    private static final Set<String> OF_SERVICES =
            Set.of("hdfs-default.xml", "hdfs-rbf-default.xml", "mapred-default.xml", "yarn-default.xml");

    static {
        forgetServices(SESSION.sparkContext().hadoopConfiguration());
    }

    private LocalSpark() {}

    /**
     * Every scan and every write of a table compresses Hadoop's settings one by one, and the tasks read them: 1,448 of them took 11 ms and 6 ms, the 335 that
     * stay take 3 ms and 1 ms.
     */
    private static void forgetServices(Configuration hadoop) {
        HdfsConfiguration.init(); // what is loaded later would bring all back
        new JobConf();
        for (Map.Entry<String, String> setting : hadoop) {
            String[] sources = hadoop.getPropertySources(setting.getKey());
            if (sources != null && sources.length == 1 && OF_SERVICES.contains(sources[0])) {
                hadoop.unset(setting.getKey());
            }
        }
    }

    /** The session, with settings that a test may change put back. */
    static SparkSession session() {
        SESSION.conf().set("spark.sql.shuffle.partitions", "3");
        SESSION.conf().set("spark.sql.files.maxPartitionBytes", "134217728");
        return SESSION;
    }
}
