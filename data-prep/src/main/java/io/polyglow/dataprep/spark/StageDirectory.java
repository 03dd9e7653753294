package io.polyglow.dataprep.spark;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Results of stages, each in a directory named by its {@link StageKey}. A result is written beside its place and becomes visible by one rename, so what
 * is there is whole; {@code stage.json} in it lists its files with their lengths, and a result whose files are not those (a disk that lost what was not yet on
 * it) counts as absent. One run at a time may write to a directory, that which has its {@link Lease}; of what a
 * run wrote that lost it nothing is published, and no other run writes to the same place.
 */
final class StageDirectory {
    /** What tells that the result beside it is whole. */
    static final String MARKER = "stage.json";

    /** Where leases of the directory lie in it. */
    static final String LEASES = "leases";

    private static final String INCOMPLETE = ".incomplete";
    private static final int MAX_BYTES = 64 << 20;

    private final Store store;
    private final String root;
    private final Lease lease;

    /** The directory {@code root} of a store; store and lease stay the caller's. */
    StageDirectory(Store store, String root, Lease lease) {
        this.store = store;
        this.root = root;
        this.lease = lease;
    }

    /** Path in the store of the result of a stage. */
    String path(StageKey key) {
        return root + "/" + key.directory();
    }

    /** Whether the whole result of a stage is here. */
    boolean holds(StageKey key) throws IOException {
        String marker = path(key) + "/" + MARKER;
        if (!store.exists(marker)) {
            return false;
        }
        byte[] bytes = Stores.read(store, marker, MAX_BYTES);
        JsonObject json = Json.parseObject(store.root() + "/" + marker, bytes, MAX_BYTES);
        return json.getString("key").equals(key.hash())
                && new HashSet<>(files(path(key), ""))
                        .containsAll(json.getArray("files").strings());
    }

    /** Makes an empty place to write a result to, and tells its path in the store; what an earlier run left there is gone. */
    String begin(StageKey key) throws IOException {
        for (Store.Entry entry : store.list(root)) {
            if (entry.name().startsWith(key.directory() + INCOMPLETE)) {
                store.delete(entry.path());
            }
        }
        store.makeDirectory(incomplete(key));
        return incomplete(key);
    }

    /** Makes what was written the result of its stage. */
    void commit(StageKey key) throws IOException {
        JsonArray files = new JsonArray();
        files(incomplete(key), "").forEach(files::add);
        JsonObject marker =
                new JsonObject().put("stage", key.name()).put("key", key.hash()).put("files", files);
        Stores.write(store, incomplete(key) + "/" + MARKER, Json.pretty(marker).getBytes(StandardCharsets.UTF_8));
        lease.requireHeld();
        store.delete(path(key));
        store.publish(incomplete(key), path(key));
    }

    /** Deletes all results but these, and whatever killed runs left. */
    void keepOnly(Set<StageKey> keys) throws IOException {
        Set<String> kept = keys.stream().map(this::path).collect(Collectors.toSet());
        for (Store.Entry entry : store.list(root)) {
            if (!kept.contains(entry.path()) && !entry.name().equals(LEASES)) {
                store.delete(entry.path());
            }
        }
    }

    /** The store that all paths are of. */
    Store store() {
        return store;
    }

    /** A path as Spark's readers and writers want it. */
    String uri(String path) {
        return Locations.path(store.root() + "/" + path).toString();
    }

    private String incomplete(StageKey key) {
        return path(key) + INCOMPLETE + "-" + lease.token();
    }

    /** Every file below a directory but the marker: {@code path length}. */
    private List<String> files(String directory, String below) throws IOException {
        List<String> files = new ArrayList<>();
        for (Store.Entry entry : store.list(directory + below)) {
            String name = below + "/" + entry.name();
            if (entry.directory()) {
                files.addAll(files(directory, name));
            } else if (!name.equals("/" + MARKER)) {
                files.add(name.substring(1) + " " + entry.bytes());
            }
        }
        return files;
    }
}
