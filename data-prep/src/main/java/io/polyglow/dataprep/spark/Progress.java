package io.polyglow.dataprep.spark;

/**
 * How far a job has come.
 *
 * @param stage number of the stage, from 1
 * @param stages number of stages in all
 * @param name what the stage does, e.g. {@code train tokenizer}
 * @param step the part of the stage that {@code fraction} is of, e.g. {@code step 2 of 8, signatures of what stays}; empty when that is the whole stage
 * @param fraction of the tasks of the step that have ended, in [0, 1]; 0 when nothing is known, exactly 1 when the stage is over
 */
public record Progress(int stage, int stages, String name, String step, double fraction) {
    /** Progress of a whole stage. */
    public Progress(int stage, int stages, String name, double fraction) {
        this(stage, stages, name, "", fraction);
    }
}
