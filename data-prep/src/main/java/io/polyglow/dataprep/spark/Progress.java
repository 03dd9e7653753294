package io.polyglow.dataprep.spark;

/**
 * How far a job has come.
 *
 * @param stage number of the stage, from 1
 * @param stages number of stages in all
 * @param name what the stage does, e.g. {@code train tokenizer}
 * @param fraction of the stage's tasks that have ended, in [0, 1]; exactly 1 when it is over
 */
public record Progress(int stage, int stages, String name, double fraction) {}
