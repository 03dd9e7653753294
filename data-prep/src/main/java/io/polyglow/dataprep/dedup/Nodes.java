package io.polyglow.dataprep.dedup;

/**
 * Names of documents while they are compared: the id behind a digit that says which corpus it is from, so that the smallest name of a cluster is one
 * of the earlier corpus if there is any, and the same id may occur in both.
 */
public final class Nodes {
    /** Before ids of the earlier corpus. */
    public static final String EARLIER = "0";

    /** Before ids of the corpus at hand. */
    public static final String OWN = "1";

    private Nodes() {}

    /** Whether the document is of the earlier corpus. */
    public static boolean isEarlier(String node) {
        return node.startsWith(EARLIER);
    }
}
