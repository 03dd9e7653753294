package io.polyglow.cluster.store.hdfs;

import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * How soon an HDFS client asks again whether a file that it closes is complete. A DataNode reports a block to the NameNode a moment after it acknowledged the last
 * packet; a client that asks in between sleeps 400 ms by default ({@code DFSOutputStream.completeFile}), for each file that it writes. Here it asks again after 10 ms,
 * then after twice as long each time, and gives up after 20 s in place of 12.
 */
public final class PromptClose {
    private static final String DELAY_MS = "dfs.client.block.write.locateFollowingBlock.initial.delay.ms";
    private static final String TRIES = "dfs.client.block.write.locateFollowingBlock.retries";

    private PromptClose() {}

    /** The settings that make it so, none if {@code configuration} has been told how long to wait: by a file of the cluster, or in code. */
    public static Map<String, String> settings(Configuration configuration) {
        return isDefault(configuration, DELAY_MS) && isDefault(configuration, TRIES)
                ? Map.of(DELAY_MS, "10", TRIES, "11")
                : Map.of();
    }

    private static boolean isDefault(Configuration configuration, String key) {
        String[] sources = configuration.getPropertySources(key);
        return sources == null || Stream.of(sources).allMatch(source -> source.endsWith("hdfs-default.xml"));
    }
}
