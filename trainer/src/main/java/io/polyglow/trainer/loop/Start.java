package io.polyglow.trainer.loop;

/** How a run begins. */
public enum Start {
    /** A new run; refused when the directory holds checkpoints. */
    NEW,
    /** From the newest checkpoint; refused when there is none. */
    RESUME,
    /** From the newest checkpoint, or from the beginning when none was written yet: a restart after a lost rank. */
    RESTART
}
