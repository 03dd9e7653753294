package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The right to write into a run directory. Each start of a run, first or restarted, claims the next number in {@code attempts/}; the
 * newest number holds the right, and whoever finds a newer one is fenced: it must stop without touching anything.
 *
 * <p>Why a stale attempt can never disturb a newer one: claiming comes first, then every unpublished checkpoint of older
 * attempts is moved away, then the newest checkpoint is looked for. A stale attempt that checks its number after the claim is
 * fenced; one that checked before can only publish a directory that was complete before the claim, and it either does so before
 * that directory is moved away, so the new attempt sees it, or fails because the directory is gone.
 *
 * @param number 1 for the first start of the run
 * @param runId identity of the run, made by its first attempt
 */
public record Attempt(int number, String runId) {
    private static final String ROOT = "attempts";
    private static final String FILE = "attempt.json";
    private static final Pattern NAME = Pattern.compile("\\d{8}");
    private static final int MAX_BYTES = 4096;

    /** Claims the next attempt of the run and moves away what older ones left unpublished. Called once per start, by one process. */
    public static Attempt claim(Store run) {
        return claim(run, Retry.none());
    }

    /** The same on a store that may fail for a while; a claim whose answer was lost is followed by the next number. */
    public static Attempt claim(Store run, Retry retry) {
        try {
            Attempt attempt = retry.get("claiming the run " + run.root(), () -> next(run));
            retry.run("clearing up the run " + run.root(), again -> new CheckpointDirectory(run).reap());
            return attempt;
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "cannot write to the run directory " + run.root() + ": " + e
                            + "; check that it exists and that you may write there",
                    e);
        }
    }

    private static Attempt next(Store run) throws IOException {
        int newest = newest(run);
        Attempt attempt = newest == 0
                ? new Attempt(1, UUID.randomUUID().toString())
                : new Attempt(newest + 1, read(run, newest).runId);
        attempt.write(run);
        return attempt;
    }

    /** The newest claim on the run, for the ranks of a job whose driver has claimed it; fails when there is none. */
    public static Attempt current(Store run) {
        try {
            return read(run, newest(run));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the attempts of " + run.root(), e);
        }
    }

    /** Throws {@link ErrorKind#FENCED} when a newer attempt exists. */
    public void requireNewest(Store run) throws IOException {
        int newest = newest(run);
        if (newest != number) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    "this is attempt " + number + " of the run " + run.root() + ", but attempt " + newest
                            + " has started since; this one stops without writing");
        }
    }

    /**
     * Throws {@link ErrorKind#ENVIRONMENT} when the claim is not in this directory. It is one of the same name on another machine then, and what is written into it
     * nobody would find.
     */
    public void requireSameDirectory(Store run) throws IOException {
        try {
            if (read(run, number).runId.equals(runId)) {
                return;
            }
        } catch (NoSuchFileException e) {
            // as good as the claim of another run
        }
        throw new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "the run directory " + run.root() + " is not the driver's, whose attempt " + number
                        + " is not in it. A plain path is a folder of each machine: put the run on HDFS, or into a folder that all"
                        + " machines mount there");
    }

    private void write(Store run) throws IOException {
        String claim = ROOT + "/claim-" + UUID.randomUUID();
        JsonObject json = new JsonObject().put("attempt", number).put("run_id", runId);
        Stores.write(run, claim + "/" + FILE, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
        try {
            run.publish(claim, path(number));
        } catch (FileAlreadyExistsException e) {
            run.delete(claim);
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    "another process has started attempt " + number + " of the run " + run.root()
                            + " at the same moment; one run directory takes one job at a time",
                    e);
        }
    }

    private static Attempt read(Store run, int number) throws IOException {
        String path = path(number) + "/" + FILE;
        JsonObject json = Json.parseObject(run.root() + "/" + path, Stores.read(run, path, MAX_BYTES));
        return new Attempt(json.getInt("attempt"), json.getString("run_id"));
    }

    private static int newest(Store run) throws IOException {
        List<Store.Entry> entries;
        try {
            entries = run.list(ROOT);
        } catch (NoSuchFileException e) {
            return 0;
        }
        int newest = 0;
        for (Store.Entry entry : entries) {
            if (NAME.matcher(entry.name()).matches()) {
                newest = Math.max(newest, Integer.parseInt(entry.name()));
            }
        }
        return newest;
    }

    private static String path(int number) {
        return ROOT + "/" + String.format(Locale.ROOT, "%08d", number);
    }
}
