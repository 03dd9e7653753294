package io.polyglow.cluster.spark;

/**
 * How a training job ended.
 *
 * @param step the last step done; its checkpoint is committed
 * @param finished whether that is the last step of the run; false when the job was told to stop before it
 * @param restarts attempts that failed on the way
 * @param checkpoint path of the checkpoint in the run directory
 */
public record TrainResult(long step, boolean finished, int restarts, String checkpoint) {}
