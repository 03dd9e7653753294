package io.polyglow.cluster.member;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.SmallFiles;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Why ranks failed, kept in the run directory: {@code failures/00000002/rank-1.json} for rank 1 of attempt 2.
 *
 * <p>A rank reports its failure before it lets go of its links. So when a peer sees the loss and the driver asks, the reason is
 * already here, although Spark may have heard of the peer first and then thrown away what this rank had to say.
 */
public final class FailureLog {
    /** Why a rank failed. */
    public record Failure(int rank, ErrorKind kind, String message) {}

    private static final String ROOT = "failures";

    /** Longest message in characters, so that a report stays readable as a small file however its characters are escaped. */
    private static final int MAX_MESSAGE = 8192;

    private final Store run;

    /** The failures of the run in this directory. */
    public FailureLog(Store run) {
        this.run = run;
    }

    /** Records why a rank failed. The first report of a rank in an attempt stays. */
    public void report(int epoch, Failure failure) throws IOException {
        String path = directory(epoch) + "/rank-" + failure.rank() + ".json";
        if (!run.exists(path)) {
            JsonObject content = new JsonObject()
                    .put("rank", failure.rank())
                    .put("kind", failure.kind().name())
                    .put("message", bounded(failure.message()));
            SmallFiles.rewrite(run, path, content);
        }
    }

    private static String bounded(String message) {
        return message.length() <= MAX_MESSAGE
                ? message
                : message.substring(0, MAX_MESSAGE) + " ... (" + (message.length() - MAX_MESSAGE)
                        + " characters more, in the executor's log)";
    }

    /** What the ranks of an attempt reported, in order of file name. */
    public List<Failure> of(int epoch) throws IOException {
        List<Failure> failures = new ArrayList<>();
        for (Store.Entry entry : entries(epoch)) {
            JsonObject content = entry.name().endsWith(".json") ? SmallFiles.read(run, entry.path()) : null;
            if (content != null) {
                failures.add(failure(content));
            }
        }
        return failures;
    }

    private List<Store.Entry> entries(int epoch) throws IOException {
        try {
            return run.list(directory(epoch));
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static Failure failure(JsonObject content) {
        ErrorKind kind = ErrorKind.valueOf(content.getString("kind"));
        return new Failure(content.getInt("rank"), kind, content.getString("message"));
    }

    private static String directory(int epoch) {
        return ROOT + "/" + String.format(Locale.ROOT, "%08d", epoch);
    }
}
