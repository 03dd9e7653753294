package io.polyglow.benchmarks;

import io.polyglow.trainer.parallel.Schedule;
import java.util.ArrayList;
import java.util.List;

/** The order of passes where one rank holds the whole model: what every pipeline schedule is for one stage. */
final class OneStageSchedule implements Schedule {
    static final String NAME = "1f1b";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Action> actions(int stage, int stages, int microBatches) {
        List<Action> actions = new ArrayList<>(2 * microBatches);
        for (int microBatch = 0; microBatch < microBatches; microBatch++) {
            actions.add(new Action(Pass.FORWARD, microBatch));
            actions.add(new Action(Pass.BACKWARD, microBatch));
        }
        return List.copyOf(actions);
    }
}
