package io.polyglow.cluster.wire;

/**
 * The independent flows between two ranks; a stalled one never blocks another. Codes are for ever, and count from 0.
 */
public enum StreamKind {
    /** Hello, abort, bye: every pair of ranks. */
    CONTROL(0, false),
    /** Collectives over all ranks (small data): every pair of ranks. */
    WORLD(1, false),
    /** Collectives over the replicas of a stage (gradients, parameters). */
    REPLICAS(2, true),
    /** Activations and their gradients between neighbour stages. */
    STAGE(3, true),
    /** A shared parameter's gradient and value between first and last stage. */
    SHARED(4, true);

    private static final StreamKind[] VALUES = values();

    private final int code;
    private final boolean bulk;

    StreamKind(int code, boolean bulk) {
        this.code = code;
        this.bulk = bulk;
    }

    /** Number of kinds. */
    public static int count() {
        return VALUES.length;
    }

    static boolean isKnown(int code) {
        return code < VALUES.length;
    }

    static StreamKind of(int code) {
        return VALUES[code];
    }

    /** Its number, below {@link #count}. */
    public int code() {
        return code;
    }

    /** Whether it carries large data, and so deserves large frames and buffers. */
    public boolean bulk() {
        return bulk;
    }

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
