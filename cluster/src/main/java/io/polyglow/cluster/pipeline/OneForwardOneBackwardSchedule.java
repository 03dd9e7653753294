package io.polyglow.cluster.pipeline;

import static io.polyglow.trainer.parallel.Schedule.Pass.BACKWARD;
import static io.polyglow.trainer.parallel.Schedule.Pass.FORWARD;

import io.polyglow.trainer.parallel.Schedule;
import java.util.ArrayList;
import java.util.List;

/**
 * 1F1B, the non-interleaved PipeDream-Flush schedule (Narayanan et al. 2019, 2021): a stage warms up with as many forwards as there are
 * stages after it, then alternates one forward and one backward, then drains. Same bubble as GPipe, but a stage holds at most
 * {@code min(stages - stage, microBatches)} activations.
 */
public final class OneForwardOneBackwardSchedule implements Schedule {
    @Override
    public String name() {
        return "1f1b";
    }

    @Override
    public List<Action> actions(int stage, int stages, int microBatches) {
        int warmUp = Math.min(stages - stage - 1, microBatches);
        List<Action> actions = new ArrayList<>(2 * microBatches);
        for (int microBatch = 0; microBatch < warmUp; microBatch++) {
            actions.add(new Action(FORWARD, microBatch));
        }
        for (int microBatch = warmUp; microBatch < microBatches; microBatch++) {
            actions.add(new Action(FORWARD, microBatch));
            actions.add(new Action(BACKWARD, microBatch - warmUp));
        }
        for (int microBatch = microBatches - warmUp; microBatch < microBatches; microBatch++) {
            actions.add(new Action(BACKWARD, microBatch));
        }
        return List.copyOf(actions);
    }
}
