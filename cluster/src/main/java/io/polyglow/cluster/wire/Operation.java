package io.polyglow.cluster.wire;

/** What a frame is part of. Codes are for ever. */
public enum Operation {
    /** First frame of a link in each direction: who I am and what I run; as long as the longest frame, to probe the path. */
    HELLO(0, "hello"),
    /** The attempt is over; detail = culprit's rank, payload = the reason. */
    ABORT(1, "abort"),
    /** This rank needs nothing more from anybody. */
    BYE(2, "bye"),
    /** {@code Collectives.reduceScatter}; detail = width of the sum tree. */
    REDUCE_SCATTER(3, "reduceScatter"),
    /** {@code Collectives.allGather}. */
    ALL_GATHER(4, "allGather"),
    /** {@code Collectives.broadcast}; detail = the root's index in the group. */
    BROADCAST(5, "broadcast"),
    /** {@code Collectives.barrier}. */
    BARRIER(6, "barrier"),
    /** A {@code StageLink} message. */
    SEND(7, "send"),
    /** The other end of {@link #SEND}: never on the wire, only in records and messages. */
    RECEIVE(8, "receive");

    private static final Operation[] VALUES = values();

    private final int code;
    private final String label;

    Operation(int code, String label) {
        this.code = code;
        this.label = label;
    }

    static boolean isKnown(int code) {
        return code < RECEIVE.code;
    }

    static Operation of(int code) {
        return VALUES[code];
    }

    int code() {
        return code;
    }

    @Override
    public String toString() {
        return label;
    }
}
