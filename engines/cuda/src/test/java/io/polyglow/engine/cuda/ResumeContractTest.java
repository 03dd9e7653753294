package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run goes from the CPU to the GPU and back: close in loss, and told to people. */
abstract class ResumeContractTest {
    private static final int STEPS = 6;
    private static final double TOLERANCE = 1e-4;

    private final TokenDataset corpus = TestCorpus.of(400);

    /** An engine on a GPU. */
    abstract Engine open();

    @Test
    void shouldStayCloseToTheReferenceAndSaySoWhenResumedThereAndBack() throws Exception {
        List<Double> expected = TrainLab.train(TrainLab.config("steps=" + STEPS), new MemoryStore(), corpus, Start.NEW)
                .losses();
        MemoryStore run = new MemoryStore();
        List<Double> losses = new ArrayList<>();
        losses.addAll(TrainLab.train(TrainLab.config("steps=" + STEPS, "stop-after=2"), run, corpus, Start.NEW)
                .losses());
        TrainLab.Run there = TrainLab.train(
                TrainLab.config("steps=" + STEPS, "stop-after=4", "recompute=full"),
                run,
                corpus,
                Start.RESUME,
                rank -> open());
        losses.addAll(there.losses());
        TrainLab.Run back = TrainLab.train(TrainLab.config("steps=" + STEPS), run, corpus, Start.RESUME);
        losses.addAll(back.losses());

        assertThat(losses).hasSize(STEPS).doesNotHaveDuplicates();
        for (int i = 0; i < STEPS; i++) {
            assertThat(losses.get(i)).as("loss of step %d", i + 1).isCloseTo(expected.get(i), within(TOLERANCE));
        }
        assertThat(there.notes())
                .singleElement()
                .asString()
                .contains("after step 2 with engine cuda in F32; up to there engine reference computed in F32");
        assertThat(back.notes())
                .singleElement()
                .asString()
                .contains("after step 4 with engine reference in F32; up to there engine cuda computed in F32");
    }
}
