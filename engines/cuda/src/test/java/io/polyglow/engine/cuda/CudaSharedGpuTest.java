package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.kernels.MachineShare;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Several ranks on one GPU, whose gradients leave it while the backward pass runs: the bits of one rank. */
@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#isHere", disabledReason = "needs a GPU")
class CudaSharedGpuTest {
    private record Trace(List<Double> losses, List<Double> norms, String weights) {}

    @Test
    void shouldGiveTheBitsOfOneRankWhenRanksShareAGpu() throws Exception {
        for (String dtype : List.of("f32", "bf16")) {
            Trace one = train("dtype=" + dtype);
            assertThat(train("dtype=" + dtype, "layout.data=2")).isEqualTo(one);
            assertThat(train("dtype=" + dtype, "layout.data=2", "layout.pipeline=2"))
                    .isEqualTo(one);
        }
    }

    private static Trace train(String... overrides) throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.train(
                TrainLab.config(overrides), run, TestCorpus.of(3000), Start.NEW, rank -> new CudaEngineProvider()
                        .open(new MachineShare(1, 0, List.of())));
        String weights =
                new CheckpointDirectory(run).open(result.steps().size()).weightsSha256();
        return new Trace(result.losses(), result.norms(), weights);
    }
}
