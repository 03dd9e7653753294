package io.polyglow.trainer.loop;

/** Told what happens in a run, on the training thread of its rank unless said otherwise. */
public interface TrainListener {
    /** Hears nothing. */
    TrainListener NONE = new TrainListener() {};

    /** Training is about to begin. */
    default void started(RunStart start) {}

    /** Something about this run that a person should know, though it goes on. */
    default void noted(String message) {}

    /** A step has been taken. */
    default void stepped(StepMetrics metrics) {}

    /** Rank 0 has published a checkpoint of {@code step}; on the saving thread. */
    default void checkpointed(long step) {}

    /**
     * Where a rank begins.
     *
     * @param fromStep steps that the loaded checkpoint had done, 0 for a new run
     * @param lastStep the step at which this part of the run ends
     * @param parameters elements of all parameters
     * @param memory what this rank holds for model, optimizer, messages and checkpoints, by purpose, as text
     * @param engine what computes, as text
     */
    record RunStart(long fromStep, long lastStep, long parameters, String memory, String engine) {}
}
