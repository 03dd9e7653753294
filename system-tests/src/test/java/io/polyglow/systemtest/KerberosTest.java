package io.polyglow.systemtest;

import static io.polyglow.systemtest.TrainingRuns.LONG;
import static io.polyglow.systemtest.TrainingRuns.SHORT;
import static io.polyglow.systemtest.TrainingRuns.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A YARN and an HDFS that ask everybody for Kerberos. Commands have a keytab; executors have the tokens that Spark gets for them. */
@Timeout(400)
@Tag("nightly")
class KerberosTest {
    private static final int ENVIRONMENT = 69;

    @RegisterExtension
    static final ClusterFixture<Yarn> CLUSTER = ClusterFixture.yarnWithKerberos();

    private static final TrainingRuns RUNS = new TrainingRuns(CLUSTER);
    private static final String HOME = "user/" + Kerberos.USER + "/";

    @BeforeAll
    @Timeout(400)
    static void prepareAndTrainOneRank() throws Exception {
        List<String> settings = new ArrayList<>(List.of("spark.executor.instances=2", "spark.executor.memory=512m"));
        settings.addAll(realm());
        RUNS.prepare(HOME + "corpus", settings.toArray(String[]::new));
        CLUSTER.run("one-rank", LONG, train("one", "layout.data=1", "layout.pipeline=1"));
    }

    @Test
    void shouldTrainOnExecutorsThatHaveTokensOnly() throws Exception {
        List<String> arguments = new ArrayList<>(List.of(RUNS.onSpark(train("four"))));
        for (String property : realm()) {
            arguments.addAll(List.of("--conf", property));
        }
        assertThat(CLUSTER.run("four-ranks", LONG, arguments.toArray(String[]::new)))
                .contains("Done at step " + STEPS);
        assertThat(RUNS.inspectedWeights(HOME + "four")).isEqualTo(RUNS.inspectedWeights(HOME + "one"));
    }

    @Test
    void shouldSayWhatIsMissingToSomebodyWithoutATicket() throws Exception {
        JavaProcess nobody = CLUSTER.polyglowAsNobody("nobody", "inspect", CLUSTER.onHdfs(HOME + "one"));
        assertThat(nobody.awaitExit(SHORT)).as(nobody.log()).isEqualTo(ENVIRONMENT);
        assertThat(nobody.log()).contains("Kerberos", "run kinit", "KRB5KEYTAB").doesNotContain("\tat ");
    }

    private static String[] train(String run, String... more) {
        List<String> all = new ArrayList<>(List.of(more));
        all.add("data=" + CLUSTER.onHdfs(HOME + "corpus"));
        return RUNS.train(HOME + run, all.toArray(String[]::new));
    }

    /** Where executors find the realm, as they would by {@code /etc/krb5.conf}. */
    private static List<String> realm() {
        String options = String.join(" ", CLUSTER.jvmOptions());
        return List.of("spark.executor.extraJavaOptions=" + options, "spark.yarn.am.extraJavaOptions=" + options);
    }
}
