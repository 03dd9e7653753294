package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs of several ranks, each with a GPU of its own: the same bits as one rank, by NCCL and through the host. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GroupContractTest {
    private static final int STEPS = 2;

    /** What must not depend on how replicas meet. */
    private record Trace(List<Double> losses, List<Double> norms, String weights) {}

    private final TokenDataset corpus = TestCorpus.of(3000);
    private final Map<String, Trace> singleRank = new HashMap<>();

    /** An engine on the GPU of this number, that reaches others by NCCL or cannot. */
    abstract Engine open(int gpu, boolean direct);

    /** Whether there are so many GPUs. */
    abstract void assumeGpus(int count);

    @ParameterizedTest(name = "{0} replicas x {1} stages in {2}, zero {3}")
    @CsvSource({"2, 1, f32, 1", "2, 1, bf16, 0", "2, 2, bf16, 1"})
    void shouldGiveTheBitsOfOneRankByEitherWay(int data, int pipeline, String dtype, int zero) throws Exception {
        assumeGpus(data * pipeline);
        if (!singleRank.containsKey(dtype)) {
            singleRank.put(dtype, train(1, 1, dtype, 1, true));
        }
        assertThat(train(data, pipeline, dtype, zero, true)).as("by NCCL").isEqualTo(singleRank.get(dtype));
        assertThat(train(data, pipeline, dtype, zero, false))
                .as("through the host")
                .isEqualTo(singleRank.get(dtype));
    }

    private Trace train(int data, int pipeline, String dtype, int zero, boolean direct) throws Exception {
        TrainConfig config = TrainLab.config(
                "engine=cuda",
                "dtype=" + dtype,
                "steps=" + STEPS,
                "evaluate.every=0",
                "batch.global=4",
                "layout.data=" + data,
                "layout.pipeline=" + pipeline,
                "layout.zero=" + zero);
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.train(config, run, corpus, Start.NEW, rank -> open(rank, direct));
        return new Trace(
                result.losses(),
                result.norms(),
                new CheckpointDirectory(run).open(STEPS).weightsSha256());
    }
}
