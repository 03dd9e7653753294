package io.polyglow.cluster.spark;

import io.polyglow.common.AllowApi;
import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.config.TrainConfig;
import java.util.ArrayList;
import java.util.List;

/** Runs jobs on one rank of this process, one an argument ({@code RUN KEY=VALUE...}, cut at spaces), and says what kind of failure each of them was. */
@AllowApi("a child process talks to its parent over its standard streams")
final class FailingJobsMain {
    private static final String YAML =
            """
            steps: 5
            engine: reference
            layout: {}
            batch: {global: 2, micro: 1}
            model: {layers: 1, heads: 1, channels: 8, context: 8}
            optimizer: {learning-rate: 0.001}
            checkpoint: {every: 0}
            evaluate: {every: 0}
            """;

    private FailingJobsMain() {}

    public static void main(String[] jobs) {
        for (String job : jobs) {
            List<String> overrides = new ArrayList<>(List.of(job.split(" ")));
            overrides.set(0, "run=" + overrides.get(0));
            try {
                TrainJob.start(
                        ConfigFile.load(TrainConfig.class, "test.yaml", YAML, overrides),
                        SparkTarget.HERE,
                        JobListener.SILENT);
                System.out.println("no failure");
            } catch (PolyglowException e) {
                System.out.println(e.kind() + " " + e.getMessage().contains("rank 0 on "));
            }
        }
        System.out.flush();
        // a barrier stage leaves a thread behind that would keep this process alive
        Runtime.getRuntime().halt(0);
    }
}
