package io.polyglow.dataprep.spark;

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
            .config("spark.sql.codegen.cache.maxEntries", 2000) // the same queries come again in test after test
            .config("spark.sql.warehouse.dir", System.getProperty("java.io.tmpdir") + "/polyglow-warehouse")
            .getOrCreate();

    private LocalSpark() {}

    /** The session, with settings that a test may change put back. */
    static SparkSession session() {
        SESSION.conf().set("spark.sql.shuffle.partitions", "3");
        SESSION.conf().set("spark.sql.files.maxPartitionBytes", "134217728");
        return SESSION;
    }
}
