package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;

/**
 * A directory that appears whole or not at all: all is written into a sibling {@code NAME.incomplete}, which is renamed at the end. What
 * a killed run leaves there is deleted by the next one. An output that is replaced stays, as {@code NAME.replaced}, until the new one
 * stands.
 */
final class OutputDirectory implements AutoCloseable {
    private final Store store;
    private final String parent;
    private final String name;
    private final boolean overwrite;

    private OutputDirectory(String parent, String name, boolean overwrite) {
        this.store = Stores.open(parent);
        this.parent = parent;
        this.name = name;
        this.overwrite = overwrite;
    }

    /** The output that a user calls {@code location}. */
    static OutputDirectory at(String location, boolean overwrite) {
        String trimmed = location.replaceAll("/+$", "");
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

    /** Path of the directory to write to. */
    String staging() {
        return name + ".incomplete";
    }

    /** The directory to write to as Spark's writers want it. */
    String stagingUri() {
        return Locations.path(parent + "/" + staging()).toString();
    }

    /** Whether there is a finished output. */
    boolean exists() throws IOException {
        if (!store.exists(name) && store.exists(replaced())) {
            store.publish(replaced(), name);
        }
        return store.exists(name);
    }

    /** An error if there is an output that may not be replaced. */
    void refuseToReplace() throws IOException {
        if (exists() && !overwrite) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + parent + "/" + name + " exists and was made from other inputs or settings."
                            + " Choose another output, or set overwrite=true to replace it.");
        }
    }

    /** Makes an empty directory to write to. */
    void begin() throws IOException {
        refuseToReplace();
        store.delete(staging());
        store.makeDirectory(staging());
    }

    /** Makes the written directory the output. */
    void publish() throws IOException {
        if (exists()) {
            store.delete(replaced());
            store.publish(name, replaced());
        }
        store.publish(staging(), name);
        store.delete(replaced());
    }

    private String replaced() {
        return name + ".replaced";
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
