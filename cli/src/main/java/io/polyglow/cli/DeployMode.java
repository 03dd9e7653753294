package io.polyglow.cli;

import io.polyglow.cluster.spark.ClusterSubmission;
import io.polyglow.cluster.spark.SparkTarget;
import io.polyglow.cluster.store.hdfs.EmbeddedLocation;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the driver of a training job runs. */
final class DeployMode {
    private static final String PROPERTY = "spark.submit.deployMode";
    private static final String CLIENT = "client";
    private static final String CLUSTER = "cluster";

    @Option(
            names = "--deploy-mode",
            paramLabel = "MODE",
            description =
                    "Where the driver runs. client: in this process, which must stay until the end (default)."
                            + " cluster: on YARN, which starts it again when its machine is lost; this command ends once YARN has taken the job.")
    private @Nullable String mode;

    /** Whether a job for {@code target} is to be submitted, by {@link #submit}, instead of run; fails if it cannot be. */
    boolean onCluster(SparkTarget target) {
        String said = mode != null ? mode : target.properties().getOrDefault(PROPERTY, CLIENT);
        if (!said.equals(CLIENT) && !said.equals(CLUSTER)) {
            throw new PolyglowException(ErrorKind.USAGE, "--deploy-mode is client or cluster, not '" + said + "'.");
        }
        if (said.equals(CLUSTER)) {
            ClusterSubmission.require(target);
        }
        return said.equals(CLUSTER);
    }

    /** Has YARN go on with the run at {@code place}, and tells how to follow it. */
    static void submit(Console console, String place, List<String> overrides, SparkTarget target) {
        if (place.startsWith("/")) {
            console.note("  " + place + " is a path: every node must find the same folder there");
        }
        List<String> command = new ArrayList<>(List.of("resume", place));
        overrides.forEach(override -> command.addAll(List.of("--set", override)));
        console.note("  submitting to YARN: the jars go to HDFS first ...");
        String id = ClusterSubmission.submit("polyglow " + place, Main.class.getName(), command, target);
        console.line("Submitted: " + id + " trains " + place);
        console.line(
                "Next: yarn application -status " + id + "   or, once it has a checkpoint: polyglow inspect " + place);
        console.line("Stop: yarn application -kill " + id + "   then go on with: polyglow resume " + place);
    }

    /** Refuses places that are gone with this process. */
    static void requireShared(String... places) {
        for (String place : places) {
            if (EmbeddedLocation.matches(place)) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        place
                                + " ends with this command, but with --deploy-mode cluster the run does not. Use hdfs://, or a folder"
                                + " that all machines share.");
            }
        }
    }
}
