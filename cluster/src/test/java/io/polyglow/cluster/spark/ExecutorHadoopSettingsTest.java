package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutorHadoopSettingsTest {
    @TempDir
    Path folder;

    @Test
    void shouldGiveExecutorsWhatTheFilesOfTheClusterSayAndNoDefaults() throws IOException {
        Configuration settings = new Configuration();
        settings.addResource(site("hdfs-site.xml", "dfs.nameservices", "web"));
        settings.addResource(site("core-site.xml", "fs.defaultFS", "hdfs://web"));
        settings.addResource(site("other.xml", "dfs.replication", "7"));
        SparkConf conf = new SparkConf(false).set("spark.hadoop.fs.defaultFS", "hdfs://other");

        ExecutorHadoopSettings.addTo(conf, settings);

        assertThat(Arrays.stream(conf.getAll()).map(setting -> setting._1() + "=" + setting._2()))
                .containsExactlyInAnyOrder(
                        "spark.hadoop.dfs.nameservices=web", "spark.hadoop.fs.defaultFS=hdfs://other");
    }

    private org.apache.hadoop.fs.Path site(String name, String key, String value) throws IOException {
        Configuration one = new Configuration(false);
        one.set(key, value);
        Path file = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            one.writeXml(out);
        }
        return new org.apache.hadoop.fs.Path(file.toUri());
    }
}
