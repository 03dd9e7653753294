package io.polyglow.cluster.pipeline;

import static io.polyglow.trainer.parallel.Schedule.Pass.BACKWARD;
import static io.polyglow.trainer.parallel.Schedule.Pass.FORWARD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.parallel.Schedule.Action;
import io.polyglow.trainer.parallel.Schedule.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PipelineSchedulesTest {
    @Provide
    Arbitrary<Schedule> schedules() {
        return Arbitraries.of(PipelineSchedules.all());
    }

    @Property
    void shouldRunEveryPassOnceInAscendingOrder(
            @ForAll("schedules") Schedule schedule,
            @ForAll @IntRange(min = 1, max = 9) int stages,
            @ForAll @IntRange(min = 1, max = 20) int microBatches) {
        for (int stage = 0; stage < stages; stage++) {
            List<Action> actions = schedule.actions(stage, stages, microBatches);
            assertThat(actions).hasSize(2 * microBatches);
            for (Pass pass : Pass.values()) {
                assertThat(actions.stream().filter(a -> a.pass() == pass).map(Action::microBatch))
                        .containsExactlyElementsOf(
                                IntStream.range(0, microBatches).boxed().toList());
            }
            for (int m = 0; m < microBatches; m++) {
                assertThat(actions.indexOf(new Action(FORWARD, m)))
                        .isLessThan(actions.indexOf(new Action(BACKWARD, m)));
            }
        }
    }

    @Property
    void shouldHoldFewActivationsWhen1F1B(
            @ForAll @IntRange(min = 1, max = 9) int stages, @ForAll @IntRange(min = 1, max = 20) int microBatches) {
        for (int stage = 0; stage < stages; stage++) {
            assertThat(new OneForwardOneBackwardSchedule().inFlight(stage, stages, microBatches))
                    .isEqualTo(Math.min(stages - stage, microBatches));
            assertThat(new GPipeSchedule().inFlight(stage, stages, microBatches))
                    .isEqualTo(microBatches);
        }
    }

    /** Even with links that hold no message: both have a bubble of (p - 1) / (m + p - 1) when a backward takes as long as a forward. */
    @Property
    void shouldFinishInTheTimeOfTheLiterature(
            @ForAll("schedules") Schedule schedule,
            @ForAll @IntRange(min = 1, max = 9) int stages,
            @ForAll @IntRange(min = 1, max = 20) int microBatches) {
        assertThat(Simulation.ticks(schedule, stages, microBatches)).isEqualTo(2 * (microBatches + stages - 1));
    }

    @Test
    void shouldWarmUpAlternateAndDrainWhen1F1B() {
        assertThat(text(new OneForwardOneBackwardSchedule().actions(0, 3, 4))).isEqualTo("F0 F1 F2 B0 F3 B1 B2 B3");
        assertThat(text(new OneForwardOneBackwardSchedule().actions(2, 3, 4))).isEqualTo("F0 B0 F1 B1 F2 B2 F3 B3");
        assertThat(text(new GPipeSchedule().actions(1, 3, 2))).isEqualTo("F0 F1 B0 B1");
    }

    private static String text(List<Action> actions) {
        return String.join(
                " ",
                actions.stream()
                        .map(a -> (a.pass() == FORWARD ? "F" : "B") + a.microBatch())
                        .toList());
    }

    @Test
    void shouldBeFoundByName() {
        assertThat(PipelineSchedules.named("1f1b")).isInstanceOf(OneForwardOneBackwardSchedule.class);
        assertThat(PipelineSchedules.named("gpipe")).isInstanceOf(GPipeSchedule.class);
        assertThatThrownBy(() -> PipelineSchedules.named("zb"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("'zb'")
                .hasMessageContaining("gpipe, 1f1b");
    }

    /** Every action takes one tick and may start when its input was there at the end of an earlier tick. */
    private static final class Simulation {
        static int ticks(Schedule schedule, int stages, int microBatches) {
            List<List<Action>> actions = new ArrayList<>();
            for (int stage = 0; stage < stages; stage++) {
                actions.add(schedule.actions(stage, stages, microBatches));
            }
            int[] next = new int[stages];
            int ticks = 0;
            while (IntStream.of(next).sum() < 2 * microBatches * stages) {
                int[] before = next.clone();
                for (int stage = 0; stage < stages; stage++) {
                    if (before[stage] < 2 * microBatches && isReady(actions, before, stage)) {
                        next[stage]++;
                    }
                }
                assertThat(next).as("deadlock after %d ticks", ticks).isNotEqualTo(before);
                ticks++;
            }
            return ticks;
        }

        private static boolean isReady(List<List<Action>> actions, int[] done, int stage) {
            Action action = actions.get(stage).get(done[stage]);
            int source = action.pass() == FORWARD ? stage - 1 : stage + 1;
            return source < 0 || source >= actions.size() || actions.get(source).indexOf(action) < done[source];
        }
    }
}
