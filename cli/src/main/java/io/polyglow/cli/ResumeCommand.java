package io.polyglow.cli;

import io.polyglow.cluster.spark.TrainJob;
import io.polyglow.cluster.spark.TrainResult;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.eval.TrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code polyglow resume}: goes on with a run. */
@Command(
        name = "resume",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Goes on with a run from its newest checkpoint, on the same layout or another one; the bits do not change.",
            "",
            "Keys that decide what is computed (seed, batch, model, optimizer) stay as they were; a change is refused. Another engine or dtype is not, but then other bits come out, and it says so.",
            "--set steps=N trains for longer: up to optimizer.decay-steps along the run's schedule, and from there on at optimizer.min-learning-rate, which must not be 0."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow resume runs/nano",
            "  polyglow resume runs/nano --set layout.data=1 --set layout.pipeline=2",
            "  polyglow resume runs/nano --set steps=1000      train for longer"
        })
final class ResumeCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "RUN", description = "The run directory: a local path or hdfs://...")
    private String run;

    @Mixin
    private ConfigSource.Overrides overrides;

    @Mixin
    private SparkOptions spark;

    @Mixin
    private DeployMode deploy;

    ResumeCommand(Console console) {
        this.console = console;
    }

    @Override
    @SuppressWarnings("try") // the last word is kept until the work has ended
    public Integer call() throws IOException {
        try (Locations locations = new Locations()) {
            String place = locations.resolve(run);
            List<String> changes = new ArrayList<>(overrides.values());
            String data = data(place);
            changes.add("data=" + locations.resolve(data));
            if (deploy.onCluster(spark.target())) {
                DeployMode.requireShared(run, data);
                DeployMode.submit(console, place, changes, spark.target());
                return 0;
            }
            TrainProgress progress = new TrainProgress(console);
            try (LastWord ignored = new LastWord(console, () -> progress.whenInterrupted(run))) {
                TrainResult result = TrainJob.resume(place, changes, spark.target(), progress);
                TrainCommand.conclude(console, run, result);
                return 0;
            }
        }
    }

    /** Where the run's corpus is, as the run or the user says. */
    private String data(String place) throws IOException {
        try (Store store = Stores.open(place)) {
            return TrainedModel.config(store, overrides.values()).data();
        }
    }
}
