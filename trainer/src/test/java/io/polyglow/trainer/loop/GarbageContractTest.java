package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step in the steady state leaves almost nothing for the garbage collector, on any of the threads that compute it. */
public abstract class GarbageContractTest {
    /** The closures of some hundred kernel calls. A description of every product or task would be several times as much. */
    private static final long MOST_BYTES_PER_STEP = 12_000;

    private static final int STEPS_PER_ROUND = 10;
    private static final int MOST_ROUNDS = 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Opens the engine under test with this many threads. */
    protected abstract Engine open(int count);

    /** How the names of the engine's own threads begin. */
    protected abstract String threadNames();

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldLeaveAlmostNoGarbageWhenNanoTrains(int count) throws IOException {
        TrainConfig config = TrainLab.config(
                "model.layers=4",
                "model.heads=4",
                "model.channels=128",
                "model.context=64",
                "batch.global=12",
                "batch.micro=12",
                "batch.canonical-width=1");
        try (Engine engine = open(count);
                RankModel model = TrainLab.model(config, engine, new MemoryStore(), TestCorpus.of(20_000))) {
            assertThat(leastGarbage(model)).isLessThan(MOST_BYTES_PER_STEP);
        }
    }

    /** Bytes per step of the best round: until the JIT compiler is through, every vector is an object. */
    private long leastGarbage(RankModel model) {
        long least = Long.MAX_VALUE;
        long step = 0;
        for (int round = 0; round < MOST_ROUNDS && least >= MOST_BYTES_PER_STEP; round++) {
            long before = allocated();
            for (int i = 0; i < STEPS_PER_ROUND; i++) {
                model.step.run(++step);
            }
            least = Math.min(least, (allocated() - before) / STEPS_PER_ROUND);
        }
        return least;
    }

    private long allocated() {
        long sum = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        for (long id : threads.getAllThreadIds()) {
            ThreadInfo info = threads.getThreadInfo(id);
            if (info != null && info.getThreadName().startsWith(threadNames())) {
                sum += threads.getThreadAllocatedBytes(id);
            }
        }
        return sum;
    }
}
