package io.polyglow.dataprep.spark;

/**
 * Hears how far a job has come. Called from several threads, one at a time, never with a smaller stage, nor with a smaller fraction of the same step; must return
 * quickly.
 */
@FunctionalInterface
public interface ProgressListener {
    /** Hears nothing. */
    ProgressListener SILENT = progress -> {};

    /** A stage began, went on or ended. */
    void progress(Progress progress);

    /** Something worth reading before the next stage begins: some lines of text. */
    default void note(String lines) {}
}
