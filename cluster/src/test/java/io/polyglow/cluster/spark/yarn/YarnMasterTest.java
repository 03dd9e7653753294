package io.polyglow.cluster.spark.yarn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether there is a YARN to submit to. */
@Timeout(30)
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
    void shouldBeContentWithOneThatAnswers() throws IOException {
        try (ServerSocket active = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            YarnMaster.requireAnswer(List.of(nobody(), address(active)), SystemNanoClock.INSTANCE, 0);
        }
    }

    @Test
    void shouldNameThePlaceWhereNobodyAnswers() throws IOException {
        InetSocketAddress nobody = nobody();

        assertThatThrownBy(() -> YarnMaster.requireAnswer(List.of(nobody), SystemNanoClock.INSTANCE, 0))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("No ResourceManager of YARN answers: 127.0.0.1:" + nobody.getPort())
                .hasMessageContaining("yarn-site.xml");
    }

    @Test
    void shouldAskForTheSettingsOfYarnWhereThereAreNone() {
        assertThatThrownBy(() -> YarnMaster.require(new SparkConf(false).setMaster("yarn")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("HADOOP_CONF_DIR");
    }

    private static InetSocketAddress nobody() throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return address(closed);
        }
    }

    private static InetSocketAddress address(ServerSocket socket) {
        return new InetSocketAddress("127.0.0.1", socket.getLocalPort());
    }
}
