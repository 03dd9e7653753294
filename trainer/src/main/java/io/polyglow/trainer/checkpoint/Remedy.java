package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;

/** What to do about a damaged checkpoint, in words: which other one lies beside it, and how to go on from that. */
final class Remedy {
    private final Store store;
    private final String path;

    /** For the checkpoint at {@code path}. */
    Remedy(Store store, String path) {
        this.store = store;
        this.path = path;
    }

    /** The damage in {@code error} with what to do about it. */
    PolyglowException addTo(PolyglowException error) {
        return new PolyglowException(ErrorKind.CHECKPOINT, error.getMessage() + " " + text(), error.getCause());
    }

    /** One sentence. Looks at the other checkpoints, at their manifests and the lengths of their files only. */
    String text() {
        String here = store.root() + "/" + path;
        try {
            List<String> others = others();
            for (String other : others) {
                if (isWhole(other)) {
                    return "The newest other checkpoint, " + name(other)
                            + ", has all its files in full length: to go on from it, move " + here
                            + " away and resume the run.";
                }
            }
            return (others.isEmpty() ? "There is no other checkpoint" : "No other checkpoint is whole either")
                    + ": put an undamaged copy in the place of " + here
                    + (others.isEmpty() ? ", or move it away and train again from the first step." : ".");
        } catch (IOException e) { // the damage is the news, not this
            return "Put an undamaged copy in the place of " + here + ", or move it away and resume the run.";
        }
    }

    private List<String> others() throws IOException {
        int slash = path.lastIndexOf('/');
        return store.list(slash < 0 ? "" : path.substring(0, slash)).stream()
                .map(Store.Entry::path)
                .filter(each -> CheckpointDirectory.isFinished(name(each)) && !each.equals(path))
                .sorted(Comparator.comparing(Remedy::name).reversed())
                .toList();
    }

    private boolean isWhole(String other) {
        try {
            Checkpoint.checkWhole(store, other);
            return true;
        } catch (IOException | PolyglowException e) {
            return false;
        }
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
