package io.polyglow.cluster.spark.yarn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.net.InetSocketAddress;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** Where YARN is. */
class YarnMasterTest {
    @Test
    void shouldFindOneAddressWhereThereIsOneResourceManager() {
        Configuration site = new Configuration(false);
        site.set("yarn.resourcemanager.address", "127.0.0.1:9999");

        assertThat(YarnMaster.addresses(site)).containsExactly(new InetSocketAddress("127.0.0.1", 9999));
    }

    @Test
    void shouldFindAllAddressesWhereTheResourceManagerIsHighlyAvailable() {
        Configuration site = new Configuration(false);
        site.set("yarn.resourcemanager.ha.enabled", "true");
        site.set("yarn.resourcemanager.ha.rm-ids", "first,second");
        site.set("yarn.resourcemanager.hostname.first", "127.0.0.1");
        site.set("yarn.resourcemanager.address.second", "127.0.0.2:8888");

        assertThat(YarnMaster.addresses(site))
                .containsExactlyInAnyOrder(
                        new InetSocketAddress("127.0.0.1", 8032), new InetSocketAddress("127.0.0.2", 8888));
    }

    @Test
    void shouldAskForTheSettingsOfYarnWhereThereAreNone() {
        assertThatThrownBy(() -> YarnMaster.addresses(new SparkConf(false).setMaster("yarn")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("HADOOP_CONF_DIR");
    }
}
