package io.polyglow.systemtest;

import static io.polyglow.systemtest.TrainingRuns.LONG;
import static io.polyglow.systemtest.TrainingRuns.SHORT;
import static io.polyglow.systemtest.TrainingRuns.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The road on hosts that share neither addresses nor memory nor folders: ranks meet in memory and over UDP, one host is lost for good, and what one machine alone has is refused
 * before anything is lost in it.
 */
@Tag("nightly")
@Timeout(900)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@EnabledIf("io.polyglow.systemtest.Hosts#canBeMade")
class TrainingOnHostsTest {
    private static final int ENVIRONMENT = 69;
    private static final int LAST_HOST = 2;

    @RegisterExtension
    static final ClusterFixture<SparkStandalone> CLUSTER = ClusterFixture.standaloneOnHosts();

    private static final TrainingRuns RUNS = new TrainingRuns(CLUSTER);

    @BeforeAll
    @Timeout(600)
    static void prepareAndTrainOneRank() throws Exception {
        RUNS.prepareAndTrainOneRank();
    }

    @Test
    @Order(Integer.MAX_VALUE) // the host stays lost
    void shouldEndWithTheWeightsOfOneRankWhenAHostIsLost() throws Exception {
        JavaProcess driver = CLUSTER.polyglow("lost", RUNS.onSpark(RUNS.train("lost")));
        RUNS.awaitCheckpoint("lost", 40);
        assertThat(RUNS.events("lost", "connected"))
                .hasSize(4)
                .anySatisfy(event -> assertThat(event.getInt("peers_in_memory")).isEqualTo(1))
                .allSatisfy(event -> assertThat(event.getInt("peers_over_udp")).isGreaterThanOrEqualTo(2));
        CLUSTER.hosts().unplug(LAST_HOST);

        assertThat(driver.awaitExit(LONG.multipliedBy(2))).as(driver.log()).isZero();
        assertThat(driver.log()).contains("Done at step " + STEPS + " after 1 restart");
        RUNS.requireWhatOneRankComputed("lost");
    }

    @Test
    @EnabledIf("io.polyglow.systemtest.Hosts#canLoseDatagrams")
    void shouldEndWithTheWeightsOfOneRankWhenTheNetworkLosesDatagrams() throws Exception {
        CLUSTER.hosts().loseDatagrams(0.02);
        try {
            String log = CLUSTER.run("lossy", LONG, RUNS.onSpark(RUNS.train("lossy")));
            assertThat(log).contains("Done at step " + STEPS + ";");
        } finally {
            CLUSTER.hosts().loseDatagrams(0);
        }
        RUNS.requireWhatOneRankComputed("lossy");
    }

    @Test
    void shouldRefuseToReadTextThatOtherHostsDoNotSee() throws Exception {
        CLUSTER.run("own-text", SHORT, RUNS.sample(own("text")));
        assertThat(refused("own-input", RUNS.preparing(own("text"), CLUSTER.onHdfs("from-own-text"))))
                .contains(own("text"), "is there for the driver, but not on 198.18.73.");
        assertThat(CLUSTER.exists(CLUSTER.onHdfs("from-own-text"))).isFalse();
    }

    @Test
    void shouldRefuseToPrepareWhereTheDriverWouldNotFindIt() throws Exception {
        assertThat(refused("own-output", RUNS.preparing(RUNS.text(), own("prepared"))))
                .contains(own("prepared.stages"), "is there for the driver, but not on 198.18.73.");
        assertThat(Path.of(own("prepared"))).doesNotExist();
    }

    @Test
    void shouldRefuseToTrainOnACorpusThatRanksDoNotSee() throws Exception {
        CLUSTER.run("own-corpus", SHORT, "copy", CLUSTER.onHdfs(TrainingRuns.CORPUS), own("corpus"));
        assertThat(refused("own-data", RUNS.onSpark(RUNS.train("on-own-corpus", "data=" + own("corpus")))))
                .contains("the corpus " + own("corpus") + " is not on this machine, though the driver has read it");
    }

    @Test
    void shouldRefuseToTrainWhereTheDriverWouldNotFindIt() throws Exception {
        assertThat(refused("own-run", RUNS.onSpark(RUNS.train("own-run", "run=" + own("run")))))
                .contains("the run directory " + own("run") + " is not the driver's");
    }

    private static String own(String name) {
        return CLUSTER.hosts().folder().resolve(name).toString();
    }

    private static String refused(String name, String... arguments) throws Exception {
        JavaProcess command = CLUSTER.polyglow(name, arguments);
        assertThat(command.awaitExit(SHORT)).as(command.log()).isEqualTo(ENVIRONMENT);
        return command.log();
    }
}
