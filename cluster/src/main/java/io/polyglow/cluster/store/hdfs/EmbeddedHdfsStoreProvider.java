package io.polyglow.cluster.store.hdfs;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.StoreProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * Opens {@code hdfs-embedded:DIR:/path} on the embedded HDFS that runs over {@code DIR}. It never starts one: a store may be opened by any rank, and the
 * rank that served the others would take the store with it when it ends.
 */
public final class EmbeddedHdfsStoreProvider implements StoreProvider {
    @Override
    public Set<String> schemes() {
        return Set.of(EmbeddedLocation.SCHEME);
    }

    @Override
    public Store open(String location) throws IOException {
        EmbeddedLocation place = EmbeddedLocation.parse(location, Path.of(""));
        return HdfsStore.open(EmbeddedHdfs.running(place.directory()) + place.path(), place.toString());
    }
}
