package io.polyglow.dataprep.mix;

import java.io.Serializable;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How often a document counts before languages are balanced: by its source and by the number of near-duplicates that it stands for.
 *
 * @param bySource weight by beginning of the source's path
 * @param byCluster weight by size of the cluster, each from that size on
 */
public record DocumentWeights(SortedMap<String, Double> bySource, NavigableMap<Long, Double> byCluster)
        implements Serializable {
    /** The weights of a config. */
    public static DocumentWeights of(MixConfig config) {
        TreeMap<Long, Double> byCluster = new TreeMap<>();
        config.clusterWeights().forEach((size, weight) -> byCluster.put(Long.parseLong(size), weight));
        return new DocumentWeights(new TreeMap<>(config.sourceWeights()), byCluster);
    }

    /** The longest beginning of the source's path that has a weight, or {@code *}. */
    public String group(String source) {
        String found = MixConfig.OTHERS;
        for (String prefix : bySource.keySet()) {
            if (source.startsWith(prefix) && (found.equals(MixConfig.OTHERS) || prefix.length() > found.length())) {
                found = prefix;
            }
        }
        return found;
    }

    /** How often a document counts; {@code clusterSize} is 1 when it has no near-duplicates. */
    public double weight(String source, long clusterSize) {
        Map.Entry<Long, Double> step = byCluster.floorEntry(clusterSize);
        return bySource.getOrDefault(group(source), 1.0) * (step == null ? 1.0 : step.getValue());
    }
}
