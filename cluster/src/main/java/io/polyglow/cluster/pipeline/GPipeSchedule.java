package io.polyglow.cluster.pipeline;

import static io.polyglow.trainer.parallel.Schedule.Pass.BACKWARD;
import static io.polyglow.trainer.parallel.Schedule.Pass.FORWARD;

import io.polyglow.trainer.parallel.Schedule;
import java.util.ArrayList;
import java.util.List;

/**
 * All forwards, then all backwards (Huang et al. 2019). Every stage holds the activations of all micro-batches at once. The backwards run in
 * ascending order, as {@link Schedule} demands, where the paper runs them in descending order; bubble and memory are the same.
 */
public final class GPipeSchedule implements Schedule {
    @Override
    public String name() {
        return "gpipe";
    }

    @Override
    public List<Action> actions(int stage, int stages, int microBatches) {
        List<Action> actions = new ArrayList<>(2 * microBatches);
        for (Pass pass : new Pass[] {FORWARD, BACKWARD}) {
            for (int microBatch = 0; microBatch < microBatches; microBatch++) {
                actions.add(new Action(pass, microBatch));
            }
        }
        return List.copyOf(actions);
    }
}
