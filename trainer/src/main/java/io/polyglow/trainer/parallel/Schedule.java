package io.polyglow.trainer.parallel;

import java.util.List;

/**
 * What one stage does in one step, as pure data: forwards and backwards of micro-batches in order. The executor receives before
 * and sends after each action as the stage's place in the pipeline demands. Every schedule runs the forwards of a stage in ascending
 * order of micro-batch and the backwards too, so that lanes add their gradients in the order that {@link SumTree} fixes.
 */
public interface Schedule {
    /** Which pass to run. */
    enum Pass {
        /** Input activations to output activations, or to the loss on the last stage. */
        FORWARD,
        /** Output gradient to input gradient and parameter gradients. */
        BACKWARD
    }

    /** One action on one micro-batch (counted within the replica's share of the global batch). */
    record Action(Pass pass, int microBatch) {}

    /** The config name: {@code gpipe}, {@code 1f1b}. */
    String name();

    /** The actions of {@code stage} of {@code stages} for {@code microBatches} micro-batches. */
    List<Action> actions(int stage, int stages, int microBatches);

    /** The largest number of micro-batches whose activations {@code stage} holds at once: how many activation slots to plan. */
    default int inFlight(int stage, int stages, int microBatches) {
        int live = 0;
        int most = 0;
        for (Action action : actions(stage, stages, microBatches)) {
            live += action.pass() == Pass.FORWARD ? 1 : -1;
            most = Math.max(most, live);
        }
        return most;
    }
}
