package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * A directory that appears whole or not at all: it is made as the result of a stage, in a sibling {@code NAME.stages}, and renamed at the end. An output that is
 * replaced stays, as {@code NAME.replaced}, until the new one stands; what no prepare run made is never replaced.
 */
final class OutputDirectory implements AutoCloseable {
    /** A driver that shows no sign of life for so long is taken for dead. */
    private static final long STALE_AFTER_S = 30;

    private final Store store;
    private final String parent;
    private final String name;
    private final boolean overwrite;
    private @Nullable Lease lease;

    private OutputDirectory(String parent, String name, boolean overwrite) {
        this.store = Stores.open(parent);
        this.parent = parent;
        this.name = name;
        this.overwrite = overwrite;
    }

    /** The output that a user calls {@code location}. */
    static OutputDirectory at(String location, boolean overwrite) {
        String trimmed = Locations.trimmed(location);
        int slash = trimmed.lastIndexOf('/');
        if (trimmed.isEmpty() || trimmed.endsWith(":") || trimmed.endsWith("..") || slash == 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "The output " + location + " must name a new directory inside an existing place.");
        }
        String parent = slash < 0 ? "." : trimmed.substring(0, slash);
        return new OutputDirectory(parent, trimmed.substring(slash + 1), overwrite);
    }

    /** The store that holds the output. */
    Store store() {
        return store;
    }

    /** Where {@link #store} is, for tasks that open it themselves. */
    String parent() {
        return parent;
    }

    /** Path of the finished output in the store. */
    String published() {
        return name;
    }

    /** Makes this process the only one that writes to the output; a USAGE error names another one that does. What a run that was killed put aside is back then. */
    Lease take(NanoClock clock) throws IOException {
        return take(clock, "The output " + parent + "/" + name);
    }

    /** As above; {@code what} calls the output by what is done to it, to begin a sentence with. */
    Lease take(NanoClock clock, String what) throws IOException {
        lease = Lease.take(
                store,
                stagesPath() + "/" + StageDirectory.LEASES,
                what,
                clock,
                TimeUnit.SECONDS.toNanos(STALE_AFTER_S));
        if (!exists() && store.exists(replaced())) {
            store.publish(replaced(), name);
        }
        return lease;
    }

    /** The results of the stages that make the output, once it is {@link #take taken}. */
    StageDirectory stages() {
        return new StageDirectory(store, stagesPath(), held());
    }

    private String stagesPath() {
        return name + ".stages";
    }

    private Lease held() {
        if (lease == null) {
            throw new IllegalStateException("the output is not taken");
        }
        return lease;
    }

    /** Whether there is a finished output. */
    boolean exists() throws IOException {
        return store.exists(name);
    }

    /** Whether there is one, or will be once the output is {@link #take taken}. */
    boolean isRestorable() throws IOException {
        return exists() || store.exists(replaced());
    }

    /** An error if the path is one that Spark would not find again. */
    void refusePattern() {
        String path = store.root() + "/" + name;
        if (path.matches(".*[*?\\[\\]{}\\\\].*")) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + path + " has one of * ? [ ] { } \\ in its path, which Spark would read as a"
                            + " pattern when it opens the tables beside it. Choose a path without them.");
        }
    }

    /** An error if something stands here that no prepare run made: whatever is asked for, it is not ours to delete. */
    void refuseForeign() throws IOException {
        if (store.exists(name) && !Provenance.exists(store, name)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + parent + "/" + name + " exists and is not a corpus that prepare made: it has no"
                            + " prepare.json. It is never replaced; choose another output.");
        }
    }

    /** An error if there is an output that may not be replaced. */
    void refuseToReplace() throws IOException {
        refuseForeign();
        if (exists() && !overwrite) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + parent + "/" + name + " exists and was made from other inputs or settings."
                            + " Choose another output, or set overwrite=true to replace it.");
        }
    }

    /** Makes a directory of the store the output; what came to stand in its place since the run began may be no output. */
    void publish(String made) throws IOException {
        held().requireHeld();
        refuseForeign();
        if (exists()) {
            store.delete(replaced());
            store.publish(name, replaced());
        }
        store.publish(made, name);
        store.delete(replaced());
    }

    private String replaced() {
        return name + ".replaced";
    }

    @Override
    public void close() throws IOException {
        try {
            if (lease != null) {
                lease.close();
            }
        } finally {
            store.close();
        }
    }
}
