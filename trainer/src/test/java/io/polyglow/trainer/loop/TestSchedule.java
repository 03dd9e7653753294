package io.polyglow.trainer.loop;

import static io.polyglow.trainer.parallel.Schedule.Pass.BACKWARD;
import static io.polyglow.trainer.parallel.Schedule.Pass.FORWARD;

import io.polyglow.trainer.parallel.Schedule;
import java.util.ArrayList;
import java.util.List;

/** Schedules that need no cluster. */
public enum TestSchedule implements Schedule {
    /** All forwards, then all backwards. */
    GPIPE {
        @Override
        int warmUp(int stage, int stages, int microBatches) {
            return microBatches;
        }
    },
    /** One forward, one backward. */
    ONE_F_ONE_B {
        @Override
        int warmUp(int stage, int stages, int microBatches) {
            return Math.min(microBatches, stages - stage);
        }
    };

    abstract int warmUp(int stage, int stages, int microBatches);

    @Override
    public List<Action> actions(int stage, int stages, int microBatches) {
        List<Action> actions = new ArrayList<>();
        int forwards = 0;
        while (forwards < warmUp(stage, stages, microBatches)) {
            actions.add(new Action(FORWARD, forwards++));
        }
        for (int backwards = 0; backwards < microBatches; backwards++) {
            actions.add(new Action(BACKWARD, backwards));
            if (forwards < microBatches) {
                actions.add(new Action(FORWARD, forwards++));
            }
        }
        return actions;
    }
}
