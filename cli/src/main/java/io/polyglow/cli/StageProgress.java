package io.polyglow.cli;

import io.polyglow.dataprep.spark.Progress;
import io.polyglow.dataprep.spark.ProgressListener;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * Shows a data job: which stage of how many, how far it is and when it will be over, and one line for each finished stage. Of a stage of several steps that is told of the step at
 * hand: what the others will cost is not known. What earlier stages took says nothing of this one.
 */
final class StageProgress implements ProgressListener {
    private final Console console;
    private final String title;
    private final NanoClock clock;
    private int stage;
    private String step = "";
    private long stageStartNs;
    private long stepStartNs;

    StageProgress(Console console, String title) {
        this(console, title, SystemNanoClock.INSTANCE);
    }

    StageProgress(Console console, String title, NanoClock clock) {
        this.title = title;
        this.console = console;
        this.clock = clock;
    }

    @Override
    public void note(String lines) {
        lines.lines().forEach(console::note);
    }

    @Override
    public synchronized void progress(Progress progress) {
        long nowNs = clock.nanoTime();
        if (progress.stage() != stage) {
            stage = progress.stage();
            stageStartNs = nowNs;
            stepStartNs = nowNs;
            step = progress.step();
        }
        if (!progress.step().equals(step)) {
            step = progress.step();
            stepStartNs = nowNs;
        }
        String of = progress.stage() + "/" + progress.stages();
        if (progress.fraction() >= 1) {
            console.note(
                    String.format(Locale.ROOT, "  %s %s (%.1f s)", of, progress.name(), (nowNs - stageStartNs) / 1e9));
            return;
        }
        double done = progress.fraction();
        console.progress(
                title,
                done,
                Console.etaSeconds(done, nowNs - stepStartNs),
                of + " " + progress.name() + (step.isEmpty() ? "" : ": " + step));
    }
}
