package io.polyglow.engine.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs go from engine to engine: close in loss, and told to people. */
class ResumeOnNd4jTest {
    private static final int STEPS = 8;
    private static final double TOLERANCE = 1e-4;

    private final TokenDataset corpus = TestCorpus.of(400);

    private static Engine nd4j(int rank) {
        return Engines.named("nd4j").open(1);
    }

    private TrainLab.Run begin(MemoryStore run, String... overrides) throws Exception {
        return TrainLab.train(TrainLab.config(overrides), run, corpus, Start.NEW);
    }

    @Test
    void shouldGoOnCloseToTheReferenceAndSaySoWhenResumedOnNd4j() throws Exception {
        List<Double> expected = begin(new MemoryStore(), "steps=" + STEPS).losses();
        MemoryStore run = new MemoryStore();
        begin(run, "steps=" + STEPS, "stop-after=3");
        TrainLab.Run resumed =
                TrainLab.train(TrainLab.config("steps=" + STEPS), run, corpus, Start.RESUME, ResumeOnNd4jTest::nd4j);
        assertThat(resumed.losses()).hasSize(STEPS - 3).doesNotHaveDuplicates();
        for (int i = 3; i < STEPS; i++) {
            assertThat(resumed.losses().get(i - 3))
                    .as("loss of step %d", i + 1)
                    .isCloseTo(expected.get(i), within(TOLERANCE));
        }
        assertThat(resumed.notes())
                .containsExactly(
                        "the run goes on after step 3 with engine nd4j in F32; up to there engine reference"
                                + " computed in F32. The loss stays close, but the bits will not be those of a run on one engine.");
    }

    @Test
    void shouldGiveTheSameBitsOnAnotherLayoutAndWhenResumed() throws Exception {
        List<Double> once = TrainLab.train(
                        TrainLab.config("steps=5"), new MemoryStore(), corpus, Start.NEW, ResumeOnNd4jTest::nd4j)
                .losses();
        MemoryStore run = new MemoryStore();
        TrainLab.train(
                TrainLab.config("steps=5", "stop-after=2", "layout.data=2", "layout.pipeline=2"),
                run,
                corpus,
                Start.NEW,
                ResumeOnNd4jTest::nd4j);
        TrainLab.Run rest =
                TrainLab.train(TrainLab.config("steps=5"), run, corpus, Start.RESUME, ResumeOnNd4jTest::nd4j);
        assertThat(rest.losses()).isEqualTo(once.subList(2, 5));
        assertThat(rest.notes()).isEmpty();
    }
}
