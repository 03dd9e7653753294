package io.polyglow.cli;

import io.polyglow.cluster.spark.JobListener;
import io.polyglow.common.json.JsonObject;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;

/** Shows a training job: what it is doing, and for each step percent, ETA, loss and tokens/s. */
final class TrainProgress implements JobListener {
    private final Console console;
    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private final long startNs = clock.nanoTime();
    private long firstStep = -1;
    private @Nullable JsonObject last;
    private volatile long step = -1;
    private volatile long checkpoint = -1;

    TrainProgress(Console console) {
        this.console = console;
    }

    @Override
    public void stage(String stage) {
        console.note(String.format(Locale.ROOT, "  [%s] %s", Console.duration(clock.nanoTime() - startNs), stage));
    }

    @Override
    public void step(StepProgress progress) {
        JsonObject metrics = progress.metrics();
        if (firstStep < 0) {
            firstStep = progress.step();
        }
        last = metrics;
        step = progress.step();
        console.progress(
                "train",
                (double) progress.step() / Math.max(1, progress.steps()),
                progress.etaSeconds(),
                String.format(
                        Locale.ROOT,
                        "step %d/%d  loss %.4f  %,.0f tokens/s",
                        progress.step(),
                        progress.steps(),
                        metrics.getDouble("loss"),
                        metrics.getDouble("tokens_per_second", 0)));
        if (metrics.has("validation_loss")) {
            console.note(String.format(
                    Locale.ROOT,
                    "  step %d: loss %.4f, held-out loss %.4f",
                    progress.step(),
                    metrics.getDouble("loss"),
                    metrics.getDouble("validation_loss")));
        }
    }

    @Override
    public void checkpoint(long step) {
        checkpoint = step;
        console.note("  step " + step + ": checkpoint committed");
    }

    @Override
    public void restarting(String reason, int restartsLeft) {
        console.note("  restarting from the last checkpoint (" + restartsLeft + " more without progress): " + reason);
    }

    /** What is said when a signal ends the job; any thread. */
    String whenInterrupted(String run) {
        if (step < 0) {
            return "Interrupted before the first step.";
        }
        return "Interrupted at step " + step
                + (checkpoint < 0 ? "" : "; the newest checkpoint is of step " + checkpoint)
                + ". Go on with: polyglow resume " + run;
    }

    /** The first step that this job did, or -1. */
    long firstStep() {
        return firstStep;
    }

    /** The metrics of the last step seen. */
    @Nullable
    JsonObject last() {
        return last;
    }
}
