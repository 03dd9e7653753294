package io.polyglow.cluster.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.ResumeRules;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.TrainLoop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code config.yaml} of a run directory: what makes it one, and what a resumed run goes on from. */
final class RunDirectory {
    private static final String CONFIG = TrainLoop.CONFIG_FILE;
    private static final int MAX_BYTES = 4 << 20;

    private RunDirectory() {}

    /**
     * Refuses a directory with a checkpoint: nothing is started over silently. A run that never reached its first checkpoint has
     * nothing to lose, so it may begin anew with a corrected config.
     */
    static void requireNew(Store run) throws IOException {
        List<Long> steps = new CheckpointDirectory(run).steps();
        if (!steps.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    run.root() + " already holds a run, with checkpoints up to step " + steps.get(steps.size() - 1)
                            + ". Continue it with: polyglow resume " + run.root()
                            + ", or choose another directory with --set run=...");
        }
    }

    /** Refuses a run in its own corpus, which {@code prepare} with {@code overwrite} would replace, and the run with it. */
    static void requireApart(TrainConfig config) {
        String corpus = place(config.data());
        String run = place(config.run());
        if (run.equals(corpus) || run.startsWith(corpus + "/")) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "run = " + config.run() + " lies in the corpus (data = " + config.data()
                            + "), which is replaced as a whole when it is prepared again; choose a directory beside it");
        }
    }

    private static String place(String location) {
        String place = location.contains(":/")
                ? location
                : Path.of(location).toAbsolutePath().normalize().toString();
        return place.replaceAll("/+$", "");
    }

    /** Whether a run was started here, however far it came. */
    static boolean isRun(Store run) throws IOException {
        return run.exists(CONFIG);
    }

    /** Called by who has the lease, so that no config of a run that is in progress is replaced. */
    static void create(Store run, Resolved<TrainConfig> config) throws IOException {
        requireNew(run);
        Stores.rewrite(run, CONFIG, config.yaml().getBytes(StandardCharsets.UTF_8));
    }

    /** The config of a run with overrides applied, if it may be resumed so. */
    static Resolved<TrainConfig> resumed(Store run, String location, List<String> overrides) throws IOException {
        String yaml = read(run);
        String file = run.root() + "/" + CONFIG;
        Resolved<TrainConfig> before = ConfigFile.load(TrainConfig.class, file, yaml, List.of());
        List<String> changes = new ArrayList<>(List.of("stop-after=0", "run=" + location));
        changes.addAll(overrides);
        Resolved<TrainConfig> now = ConfigFile.load(TrainConfig.class, file, yaml, changes);
        if (!now.value().run().equals(location)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "a run is resumed where it is: leave out --set run="
                            + now.value().run() + ", or copy the run there first and resume the copy");
        }
        ResumeRules.check(before.value(), now.value(), run.root());
        return now;
    }

    private static String read(Store run) throws IOException {
        try {
            return new String(Stores.read(run, CONFIG, MAX_BYTES), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    run.root() + " holds no run: there is no " + CONFIG
                            + " in it. Check the path, or start a run with: polyglow train.",
                    e);
        }
    }
}
