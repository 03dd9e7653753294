package io.polyglow.common.token.shard;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which documents stand where in a corpus, as it is or as it was before take-downs. A take-down {@linkplain #keep keeps}, in the directory {@code former}, what this
 * needs of the corpus before it: {@code FINGERPRINT.json}, its manifest without sources, and {@code .idx}, {@code .lang} and {@code .docs} of the shards that
 * are no more. No text and no token is in them.
 */
public final class CorpusIndex {
    private static final String DIRECTORY = "former";
    private static final Set<String> KEPT = Set.of(".idx", ".lang", ".docs");

    private final Store store;
    private final String directory;
    private final CorpusManifest manifest;
    private final Set<String> present;

    private CorpusIndex(Store store, String directory, CorpusManifest manifest, CorpusManifest now) {
        this.store = store;
        this.directory = directory;
        this.manifest = manifest;
        this.present = now.shards().stream().map(ShardInfo::name).collect(Collectors.toSet());
    }

    /** The corpus as it is. The store must stay open. */
    static CorpusIndex of(Store store, String directory, CorpusManifest now) {
        return new CorpusIndex(store, directory, now, now);
    }

    /** The corpus as it was when it had this fingerprint, if a take-down kept what is needed. */
    static Optional<CorpusIndex> former(Store store, String directory, CorpusManifest now, String fingerprint)
            throws IOException {
        String path = path(directory, fingerprint + ".json");
        return store.exists(path)
                ? Optional.of(new CorpusIndex(store, directory, CorpusManifest.readFile(store, path), now))
                : Optional.empty();
    }

    /** Keeps what tells of a corpus that will lose these shards. */
    static void keep(Store store, String directory, CorpusManifest manifest, Collection<String> shards)
            throws IOException {
        for (ShardInfo shard : manifest.shards()) {
            for (String suffix : shard.files().keySet()) {
                if (shards.contains(shard.name()) && KEPT.contains(suffix)) {
                    String file = shard.name() + suffix;
                    try (InputStream in = store.open(CorpusManifest.path(directory, file), 0)) {
                        Stores.rewrite(store, path(directory, file), in::transferTo);
                    }
                }
            }
        }
        Stores.rewrite(
                store,
                path(directory, manifest.fingerprint() + ".json"),
                manifest.withoutSources().encode());
    }

    /** The fingerprint of the corpus. */
    public String fingerprint() {
        return manifest.fingerprint();
    }

    /** Where the documents of {@link TokenDataset#TRAIN} or {@link TokenDataset#VALIDATION} lie and which they are; reads nothing yet. */
    public SplitIndex index(String split) {
        return new SplitIndex(
                store,
                shard -> present.contains(shard) ? directory : CorpusManifest.path(directory, DIRECTORY),
                split,
                manifest.shards(split));
    }

    private static String path(String directory, String name) {
        return CorpusManifest.path(directory, DIRECTORY + "/" + name);
    }
}
