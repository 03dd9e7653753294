package io.polyglow.cli;

import io.polyglow.cluster.spark.TrainJob;
import io.polyglow.cluster.spark.TrainResult;
import io.polyglow.common.config.Resolved;
import io.polyglow.trainer.config.TrainConfig;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code polyglow train}: begins a run. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Trains a transformer on a corpus that prepare made, as a Spark barrier job with one rank per task.",
            "",
            "The loss curve and the final weights have the same bits on any layout (layout.data x layout.pipeline), and after"
                    + " any number of stops and resumes. Lost ranks are restarted from the last checkpoint."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow train configs/train/nano.yaml --set data=data/udhr --set run=runs/nano",
            "  polyglow train my.yaml --master spark://host:7077 --set run=hdfs://nn/runs/a --set layout.data=4",
            "  polyglow train my.yaml --master yarn --deploy-mode cluster --set data=hdfs://nn/web --set run=hdfs://nn/runs/a",
            "",
            "All keys of the config: polyglow config keys train"
        })
final class TrainCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private ConfigSource config;

    @Mixin
    private SparkOptions spark;

    @Mixin
    private DeployMode deploy;

    TrainCommand(Console console) {
        this.console = console;
    }

    @Override
    @SuppressWarnings("try") // the last word is kept until the work has ended
    public Integer call() throws IOException {
        TrainConfig written = config.load(TrainConfig.class).value();
        boolean onCluster = deploy.onCluster(spark.target());
        if (onCluster) {
            DeployMode.requireShared(written.data(), written.run());
        }
        try (Locations locations = new Locations()) {
            Resolved<TrainConfig> resolved = config.load(
                    TrainConfig.class,
                    List.of("data=" + locations.resolve(written.data()), "run=" + locations.resolve(written.run())));
            if (onCluster) {
                String run = TrainJob.lay(resolved);
                String data = resolved.value().data();
                DeployMode.submit(
                        console, run, List.of("data=" + data, "stop-after=" + written.stopAfter()), spark.target());
                return 0;
            }
            TrainProgress progress = new TrainProgress(console);
            try (LastWord ignored = new LastWord(console, () -> progress.whenInterrupted(written.run()))) {
                TrainResult result = TrainJob.start(resolved, spark.target(), progress);
                conclude(console, written.run(), result);
                return 0;
            }
        }
    }

    /** Tells how a job ended and what can be done next. */
    static void conclude(Console console, String run, TrainResult result) {
        console.line((result.finished() ? "Done at step " : "Stopped at step ") + result.step()
                + (result.restarts() == 0 ? "" : " after " + Console.count(result.restarts(), "restart"))
                + "; checkpoint: " + run + "/" + result.checkpoint());
        if (result.finished()) {
            console.line("Next: polyglow generate " + run + " --prompt '...'   or: polyglow evaluate " + run);
        } else {
            console.line("Next: polyglow resume " + run);
        }
    }
}
