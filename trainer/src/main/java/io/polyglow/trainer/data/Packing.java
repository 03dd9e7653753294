package io.polyglow.trainer.data;

/** How documents become sequences. */
public enum Packing {
    /** One long text, cut every T tokens. */
    CONCAT,
    /** Whole documents side by side, only those longer than a sequence are cut. */
    BEST_FIT
}
