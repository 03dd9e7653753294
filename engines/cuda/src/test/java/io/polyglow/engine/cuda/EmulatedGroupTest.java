package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs of several ranks, each on an emulated GPU of its own, whose gradients never see the host's collectives. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedGroupTest {
    private static final int STEPS = 2;

    /** What must not depend on how replicas meet. */
    private record Trace(List<Double> losses, List<Double> norms, String weights) {}

    private final TokenDataset corpus = TestCorpus.of(3000);
    private final List<EmulatedDevice> devices = new ArrayList<>();
    private final Map<String, Trace> singleRank = new ConcurrentHashMap<>();

    @ParameterizedTest(name = "{0} replicas x {1} stages in {2}, zero {3}")
    @CsvSource({"2, 1, f32, 1", "2, 1, bf16, 0", "2, 2, bf16, 1"})
    void shouldGiveTheBitsOfOneRankByEitherWay(int data, int pipeline, String dtype, int zero) throws Exception {
        Trace one = singleRank.get(dtype);
        if (one == null) {
            one = train(1, 1, dtype, 1, true);
            singleRank.put(dtype, one);
        }
        assertThat(train(data, pipeline, dtype, zero, true)).as("by NCCL").isEqualTo(one);
        assertThat(train(data, pipeline, dtype, zero, false))
                .as("through the host")
                .isEqualTo(one);
    }

    private Trace train(int data, int pipeline, String dtype, int zero, boolean direct) throws Exception {
        TrainConfig config = TrainLab.config(
                "engine=cuda",
                "dtype=" + dtype,
                "steps=" + STEPS,
                "evaluate.every=0",
                "batch.global=4",
                "model.layers=2",
                "layout.data=" + data,
                "layout.pipeline=" + pipeline,
                "layout.zero=" + zero);
        while (devices.size() < data * pipeline) {
            devices.add(Emulators.another());
        }
        List<FakeNccl> libraries = devices.stream().map(FakeNccl::new).toList();
        libraries.forEach(nccl -> nccl.missing = direct ? null : "it is switched off");
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.train(
                config, run, corpus, Start.NEW, rank -> Emulators.engine(devices.get(rank), libraries.get(rank)));
        for (int rank = 0; rank < data * pipeline; rank++) {
            boolean moves = libraries.get(rank).moves.get() > 0;
            assertThat(moves).as("rank %d moved something", rank).isEqualTo(direct && data > 1);
        }
        return new Trace(
                result.losses(),
                result.norms(),
                new CheckpointDirectory(run).open(STEPS).weightsSha256());
    }
}
