package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** What Spark is told about Kerberos. */
class HdfsAccessTest {
    private static final String FILE_SYSTEMS = "spark.kerberos.access.hadoopFileSystems";

    private final SparkConf conf = new SparkConf(false);

    @Test
    void shouldNameEveryHdfsOnce() {
        HdfsAccess.grant(
                conf,
                List.of(
                        "run: 'hdfs://nn:8020'",
                        "hdfs://other/crawl/*.gz,hdfs://nn:8020/more",
                        "/local",
                        "hdfs-embedded:/x"));

        assertThat(conf.get(FILE_SYSTEMS)).isEqualTo("hdfs://nn:8020,hdfs://other");
    }

    @Test
    void shouldLeaveWhatTheUserHasNamed() {
        conf.set(FILE_SYSTEMS, "hdfs://theirs");

        HdfsAccess.grant(conf, List.of("hdfs://nn:8020/runs/a"));

        assertThat(conf.get(FILE_SYSTEMS)).isEqualTo("hdfs://theirs");
    }

    @Test
    void shouldTellSparkTheKeytabThatHadoopLogsInWith() {
        HdfsAccess.identify(conf, Map.of("KRB5KEYTAB", "/etc/alice.keytab"));
        assertThat(conf.contains("spark.kerberos.keytab")).as("no principal").isFalse();

        HdfsAccess.identify(conf, Map.of("KRB5KEYTAB", "/etc/alice.keytab", "KRB5PRINCIPAL", "alice@EXAMPLE.COM"));
        assertThat(conf.get("spark.kerberos.keytab")).isEqualTo("/etc/alice.keytab");
        assertThat(conf.get("spark.kerberos.principal")).isEqualTo("alice@EXAMPLE.COM");
    }
}
