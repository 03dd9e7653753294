package io.polyglow.cluster.store.hdfs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HdfsSettingsTest {
    @Test
    void shouldHaveThoseOfTheSparkApplicationWhileItRunsHere() {
        SparkConf conf = new SparkConf()
                .setMaster("local[1]")
                .setAppName("settings")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.hadoop.dfs.nameservices", "web");

        JavaSparkContext spark = new JavaSparkContext(conf);
        try {
            assertThat(HdfsSettings.ofProcess().get("dfs.nameservices")).isEqualTo("web");
        } finally {
            spark.stop();
        }

        assertThat(HdfsSettings.ofProcess().get("dfs.nameservices")).isNull();
    }
}
