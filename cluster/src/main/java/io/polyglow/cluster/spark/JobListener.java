package io.polyglow.cluster.spark;

import io.polyglow.common.json.JsonObject;

/**
 * Follows a training job; all methods have empty bodies, so implement what you show. Called by two threads of the job,
 * {@link #step} and {@link #checkpoint} by one, the others by the one that runs the job; a slow listener delays the display, never the
 * training.
 */
public interface JobListener {
    /** A listener that shows nothing. */
    JobListener SILENT = new JobListener() {};

    /** What the job is doing now, in a few words: starting Spark, waiting for ranks, training. */
    default void stage(String stage) {}

    /** A finished step. */
    default void step(StepProgress progress) {}

    /** A checkpoint of this step has been committed. */
    default void checkpoint(long step) {}

    /** An attempt failed and another one starts; {@code restartsLeft} more may fail without progress. */
    default void restarting(String reason, int restartsLeft) {}

    /**
     * One line of {@code metrics.jsonl} with what can be derived from it.
     *
     * @param step the step, from 1 to {@code steps}
     * @param etaSeconds time to the last step at the present speed; negative while unknown
     * @param metrics the whole line: {@code loss}, {@code tokens_per_second}, {@code validation_loss} ...
     */
    record StepProgress(long step, long steps, double etaSeconds, JsonObject metrics) {
        /** How much is done, in {@code [0, 100]}. */
        public double percent() {
            return steps == 0 ? 100 : 100.0 * step / steps;
        }
    }
}
