package io.polyglow.dataprep.mix;

import java.io.Serializable;

/** How often a document stands in the training shards; a pure function, the same on any machine. */
@FunctionalInterface
public interface Copies extends Serializable {
    /** Every document once. */
    Copies ONCE = (id, language, source, clusterSize) -> 1;

    /**
     * The number of copies, 0 or more.
     *
     * @param clusterSize number of near-duplicates that the document stands for, itself included
     */
    int of(String id, String language, String source, long clusterSize);
}
