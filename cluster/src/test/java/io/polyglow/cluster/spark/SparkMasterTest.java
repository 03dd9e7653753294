package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether there is a master to give a job to. */
@Timeout(30)
class SparkMasterTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "local",
                "local[4]",
                "local[*]",
                "local[2, 3]",
                "local-cluster[2,1,1024]",
                "yarn",
                "spark://host:7077",
                "spark://a.example.com:7077,b.example.com:7077",
                "spark://[::1]:7077",
                "k8s://https://host:6443"
            })
    void shouldTakeWhatSparkKnows(String master) {
        assertThat(new SparkTarget(master, Map.of()).master()).isEqualTo(master);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "loca",
                "local[0]",
                "local-cluster[2,1]",
                "YARN",
                "host:7077",
                "spark://host",
                "spark://host:port",
                "spark://host:77077",
                "spark://host:7077,",
                "spark://host:7077/",
                "http://host:8080"
            })
    void shouldRefuseAnythingElseBeforeAJobIsMade(String master) {
        assertThatThrownBy(() -> new SparkTarget(master, Map.of()))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("\"" + master + "\" is no Spark master");
        assertThatThrownBy(() -> new SparkTarget(null, Map.of("spark.master", master)))
                .hasMessageContaining("is no Spark master");
    }

    @Test
    void shouldFindAllAddressesOfAStandaloneMaster() {
        assertThat(SparkMaster.addresses("spark://127.0.0.1:7077,[::1]:7078"))
                .containsExactly(new InetSocketAddress("127.0.0.1", 7077), new InetSocketAddress("::1", 7078));
    }

    @Test
    void shouldBeContentWithOneThatAnswers() throws IOException {
        try (ServerSocket active = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SparkMaster.requireAnswer("Master", List.of(nobody(), address(active)), "", SystemNanoClock.INSTANCE, 0);
            SparkMaster.require(
                    new SparkConf(false).setMaster("spark://127.0.0.1:1,127.0.0.1:" + active.getLocalPort()));
        }
    }

    @Test
    void shouldNameThePlaceWhereNobodyAnswers() throws IOException {
        InetSocketAddress nobody = nobody();

        assertThatThrownBy(() -> SparkMaster.requireAnswer(
                        "Spark master", List.of(nobody), "Check that it runs.", SystemNanoClock.INSTANCE, 0))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("No Spark master answers: 127.0.0.1:" + nobody.getPort())
                .hasMessageEndingWith("Check that it runs.");
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
