package io.polyglow.cluster.failure;

/** What the operation in progress still waits for. Asked only when something may be wrong. */
public interface Awaiting {
    /** Whether the operation cannot end without this peer (world rank) doing something. */
    boolean needs(int peer);

    /** For a person: from whom, how many bytes of how many. */
    String describe();
}
