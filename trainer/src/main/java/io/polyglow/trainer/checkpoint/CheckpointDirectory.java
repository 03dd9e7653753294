package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder {@code checkpoints/} of a run. {@code step-00000100} is a finished checkpoint; {@code unfinished-...} is being written, {@code retired-...}
 * is being deleted, and neither is ever read. A name changes only by an atomic move of a whole directory.
 */
public final class CheckpointDirectory {
    private static final String ROOT = "checkpoints";
    private static final Pattern FINISHED = Pattern.compile("step-(\\d{8,18})");
    private static final Pattern LEFTOVER = Pattern.compile("(unfinished|retired)-.*");

    private final Store run;

    /** The checkpoints of a run. */
    public CheckpointDirectory(Store run) {
        this.run = run;
    }

    /** Steps of the finished checkpoints, ascending. */
    public List<Long> steps() throws IOException {
        List<Long> steps = new ArrayList<>();
        for (Store.Entry entry : entries()) {
            Matcher name = FINISHED.matcher(entry.name());
            if (name.matches()) {
                steps.add(Long.parseLong(name.group(1)));
            }
        }
        Collections.sort(steps);
        return steps;
    }

    /** Whether a directory of this name is a finished checkpoint. */
    static boolean isFinished(String name) {
        return FINISHED.matcher(name).matches();
    }

    /** The path of a finished checkpoint, relative to the run. */
    public static String path(long step) {
        return ROOT + "/" + String.format(Locale.ROOT, "step-%08d", step);
    }

    /** Opens a finished checkpoint and checks its manifest and the length of every file. */
    public Checkpoint open(long step) {
        return Checkpoint.open(run, path(step));
    }

    /** What is done with a checkpoint. */
    public interface Use<T> {
        /** Reads what it needs of the checkpoint. */
        T of(Checkpoint checkpoint) throws IOException;
    }

    /**
     * Uses the newest checkpoint of a run, which may be in training: instead of one that is retired meanwhile, the next. DATA if there is none.
     */
    public <T> T useNewest(Use<T> use) throws IOException {
        for (long step = newest(); ; ) {
            try {
                return use.of(open(step));
            } catch (PolyglowException e) {
                long now = newest();
                if (e.kind() != ErrorKind.CHECKPOINT || now == step) {
                    throw e;
                }
                step = now;
            }
        }
    }

    private long newest() throws IOException {
        List<Long> steps = steps();
        if (steps.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The run " + run.root() + " has no checkpoint yet. If it is in training, wait for its first: its"
                            + " metrics.jsonl shows the steps. If not, go on with: polyglow resume " + run.root());
        }
        return steps.get(steps.size() - 1);
    }

    static String unfinished(Attempt attempt, long step) {
        return ROOT + "/" + String.format(Locale.ROOT, "unfinished-%08d-step-%08d", attempt.number(), step);
    }

    /** Whether {@link #publish} did its work although it failed: the answer of a store may get lost. */
    boolean isPublished(Attempt attempt, long step) throws IOException {
        return !run.exists(unfinished(attempt, step)) && run.exists(path(step));
    }

    void publish(Attempt attempt, long step) throws IOException {
        try {
            run.publish(unfinished(attempt, step), path(step));
        } catch (FileAlreadyExistsException e) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    run.root() + "/" + path(step) + " exists already: another process writes checkpoints into this run",
                    e);
        }
    }

    /** Deletes finished checkpoints but the newest {@code keep}; 0 keeps all. */
    void retire(int keep) throws IOException {
        List<Long> steps = steps();
        for (int i = 0; keep > 0 && i < steps.size() - keep; i++) {
            remove(path(steps.get(i)));
        }
    }

    /** Deletes what crashes and stale attempts left behind. */
    void reap() throws IOException {
        for (Store.Entry entry : entries()) {
            if (LEFTOVER.matcher(entry.name()).matches()) {
                remove(ROOT + "/" + entry.name());
            }
        }
    }

    /** Moves the directory away first, so that nobody ever sees half of it under its name. */
    private void remove(String path) throws IOException {
        String retired = ROOT + "/retired-" + UUID.randomUUID();
        try {
            run.publish(path, retired);
        } catch (NoSuchFileException e) {
            return; // published or removed by its owner meanwhile
        }
        run.delete(retired);
    }

    private List<Store.Entry> entries() throws IOException {
        try {
            return run.list(ROOT);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }
}
