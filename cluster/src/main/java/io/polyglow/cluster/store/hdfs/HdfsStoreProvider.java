package io.polyglow.cluster.store.hdfs;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.StoreProvider;
import java.io.IOException;
import java.util.Set;

/** Opens {@code hdfs://host:port/path}, or {@code hdfs:///path} on the cluster that {@code core-site.xml} on the class path names. */
public final class HdfsStoreProvider implements StoreProvider {
    @Override
    public Set<String> schemes() {
        return Set.of("hdfs");
    }

    @Override
    public Store open(String location) throws IOException {
        return HdfsStore.open(location);
    }
}
