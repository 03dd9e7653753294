package io.polyglow.common.error;

/** Who has to act on a failure, and the process exit code that tells them. The codes are API: scripts may rely on them. */
public enum ErrorKind {
    /** Wrong command line or config: the user corrects it. */
    USAGE(64),
    /** Input data that cannot be used: missing, empty, corrupt, or made with another tokenizer. */
    DATA(65),
    /** The machine or cluster lacks something: flags, {@code /dev/shm}, ports, permissions, a store that cannot be written. */
    ENVIRONMENT(69),
    /** A broken invariant of ours. */
    BUG(70),
    /** A checkpoint that exists but cannot be read. */
    CHECKPOINT(74),
    /** This process belongs to an attempt that has been replaced; it must stop without touching shared state. */
    FENCED(75),
    /** Restarts went on without any new checkpoint. */
    NO_PROGRESS(76),
    /** Non-finite loss or gradient. */
    NUMERIC(77),
    /** A peer died or fell silent. The driver restarts the job; users see it only when restarts run out. */
    PEER_LOST(69);

    private final int exitCode;

    ErrorKind(int exitCode) {
        this.exitCode = exitCode;
    }

    /** The process exit code of this kind. */
    public int exitCode() {
        return exitCode;
    }

    /** Whether a new attempt from the last checkpoint can succeed without anybody changing anything. */
    public boolean restartable() {
        return this == PEER_LOST;
    }
}
