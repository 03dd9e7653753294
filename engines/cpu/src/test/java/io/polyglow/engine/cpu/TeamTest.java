package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void shouldRunEachTaskOnceWhateverTheNumberOfThreads(int threads) {
        try (Team team = new Team(threads)) {
            for (int tasks = 0; tasks < 300; tasks++) {
                AtomicIntegerArray runs = new AtomicIntegerArray(300);
                team.run(tasks, (task, lane) -> runs.incrementAndGet(task));
                for (int task = 0; task < 300; task++) {
                    assertThat(runs.get(task)).isEqualTo(task < tasks ? 1 : 0);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void shouldCoverARangeInPieces(int threads) {
        try (Team team = new Team(threads)) {
            AtomicIntegerArray seen = new AtomicIntegerArray(1021);
            team.ranges(1021, 64, (from, to, lane) -> {
                assertThat(from % 64).isZero();
                for (long i = from; i < to; i++) {
                    seen.incrementAndGet((int) i);
                }
            });
            for (int i = 0; i < 1021; i++) {
                assertThat(seen.get(i)).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void shouldThrowToTheCallerAndGoOnWhenATaskFails(int threads) {
        try (Team team = new Team(threads)) {
            assertThatThrownBy(() -> team.run(20, (task, lane) -> {
                        if (task == 13) {
                            throw new IllegalArgumentException("task " + task);
                        }
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("task 13");
            AtomicIntegerArray runs = new AtomicIntegerArray(20);
            team.run(20, (task, lane) -> runs.incrementAndGet(task));
            assertThat(runs.toString()).doesNotContain("0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void shouldFinishAndKeepTheInterruptWhenTheCallerIsInterrupted(int threads) {
        try (Team team = new Team(threads)) {
            AtomicIntegerArray runs = new AtomicIntegerArray(50);
            Thread.currentThread().interrupt();
            team.run(50, (task, lane) -> runs.incrementAndGet(task));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(runs.toString()).doesNotContain("0");
        }
    }
}
