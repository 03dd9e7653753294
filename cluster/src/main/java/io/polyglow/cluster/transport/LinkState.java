package io.polyglow.cluster.transport;

/** Whether a stream to and from a peer works. */
public enum LinkState {
    /** Not both directions have been seen yet. */
    CONNECTING,
    /** Both directions work. */
    UP,
    /** It was up and is gone for good: a transport never reconnects within an epoch, since frames may have been lost between. */
    LOST
}
