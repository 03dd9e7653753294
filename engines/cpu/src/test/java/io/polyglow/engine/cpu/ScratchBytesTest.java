package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.loop.StepWork;
import io.polyglow.trainer.loop.TrainLab;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.tensor.DType;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told of working memory, before anything is opened, against what two training steps have taken. */
class ScratchBytesTest {
    private static TrainConfig config(int context, int channels, String dtype) {
        return TrainLab.config(
                "model.layers=1",
                "model.heads=2",
                "model.channels=" + channels,
                "model.context=" + context,
                "batch.global=1",
                "batch.canonical-width=1",
                "evaluate.every=0",
                "dtype=" + dtype);
    }

    private static long told(TrainConfig config, int threads) {
        ModelConfig model = config.model();
        AttentionShape shape = model.attentionShape(config.batch().micro(), model.context());
        return new CpuEngineProvider().scratchBytes(shape, model.hidden(), threads);
    }

    private static long taken(TrainConfig config, int threads) throws IOException {
        try (CpuEngine engine = new CpuEngine(threads)) {
            assumeThat(engine.computeTypes())
                    .as("what this CPU computes in")
                    .contains(DType.valueOf(config.dtype().name()));
            StepWork.of(config, engine, () -> {});
            return engine.scratchBytes();
        }
    }

    @ParameterizedTest(name = "context {0}, {1} channels, {2}, {3} threads")
    @CsvSource({"4096,128,f32,1", "4096,128,bf16,3", "1024,1024,f32,2", "64,256,bf16,2"})
    @Timeout(100)
    void shouldNotTakeMoreThanIsTold(int context, int channels, String dtype, int threads) throws IOException {
        TrainConfig config = config(context, channels, dtype);
        assertThat(taken(config, threads)).isPositive().isLessThanOrEqualTo(told(config, threads));
    }

    /** Attention's backward pass makes most of it. */
    @Test
    @Timeout(100)
    void shouldTakeMostOfWhatIsToldWhereContextsAreLong() throws IOException {
        TrainConfig config = config(4096, 128, "f32");
        assertThat(taken(config, 1)).isGreaterThan(told(config, 1) * 2 / 3);
    }

    @Test
    void shouldTellMoreOfLongerContextsAndMoreThreads() {
        AttentionShape shape = new AttentionShape(1, 8192, 12, 12, 64);
        CpuEngineProvider provider = new CpuEngineProvider();
        long thread = provider.scratchBytes(shape, 3072, 2) - provider.scratchBytes(shape, 3072, 1);
        assertThat(thread)
                .as("four blocks of 64 x 8,192 scores, two sums of 8,192 x 64, and oneDNN's")
                .isBetween(
                        (4 * 64 + 2 * 64) * 8192L * Float.BYTES, (4 * 64 + 2 * 64) * 8192L * Float.BYTES + (2 << 20));
    }
}
