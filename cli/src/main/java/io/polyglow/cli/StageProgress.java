package io.polyglow.cli;

import io.polyglow.dataprep.spark.Progress;
import io.polyglow.dataprep.spark.ProgressListener;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/** Shows a data job: which stage of how many, how far it is, and one line for each finished stage. */
final class StageProgress implements ProgressListener {
    private final Console console;
    private final String title;
    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private final long startNs = clock.nanoTime();
    private int stage;
    private long stageStartNs = startNs;

    StageProgress(Console console, String title) {
        this.title = title;
        this.console = console;
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
        }
        String of = progress.stage() + "/" + progress.stages();
        if (progress.fraction() >= 1) {
            console.note(
                    String.format(Locale.ROOT, "  %s %s (%.1f s)", of, progress.name(), (nowNs - stageStartNs) / 1e9));
            return;
        }
        double done = (progress.stage() - 1 + progress.fraction()) / progress.stages();
        console.progress(title, done, Console.etaSeconds(done, nowNs - startNs), of + " " + progress.name());
    }
}
