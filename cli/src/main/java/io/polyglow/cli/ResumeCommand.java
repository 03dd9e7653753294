package io.polyglow.cli;

import io.polyglow.cluster.spark.TrainJob;
import io.polyglow.cluster.spark.TrainResult;
import java.io.IOException;
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
            "Keys that decide what is computed (seed, batch, model, optimizer) stay as they were; a change is refused."
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

    ResumeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        try (Locations locations = new Locations()) {
            TrainResult result = TrainJob.resume(
                    locations.resolve(run), overrides.values(), spark.target(), new TrainProgress(console));
            TrainCommand.conclude(console, run, result);
            return 0;
        }
    }
}
