package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.loop.StepWork;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the engine computes, counted: speed lost by doing more than is needed shows here on any machine, however busy. */
class WorkTest {
    private static final int B = 2;
    private static final int T = 512;
    private static final AttentionShape SHAPE = new AttentionShape(B, T, 4, 2, 64);
    /** Multiplications and additions of one product of a block of 64 rows with 64 keys, for all heads of all sequences. */
    private static final long BLOCK = 2L * 64 * 64 * 64 * 4 * B;

    @Test
    void shouldSkipBlocksOfKeysThatNoRowSees() {
        int blocks = T / 64;
        assertThat(attention(null)).as("on and below the diagonal").isEqualTo(blocks * (blocks + 1) / 2);
        assertThat(attention(t -> t / 128 * 128))
                .as("four documents of two blocks each")
                .isEqualTo(4 * 3);
        assertThat(attention(t -> t / 100 * 100)).as("documents of 100 rows").isEqualTo(1 + 2 + 2 + 3 + 2 + 2 + 3 + 2);
        assertThat(attention(t -> Math.max(0, t - 63))).as("a window of 64").isEqualTo(2 * blocks - 1);
        assertThat(attention(t -> t)).as("each row alone").isEqualTo(blocks);
    }

    /** Three products of every linear layer, two of attention forward and five backward, and nothing else. */
    @Test
    void shouldMultiplyInAStepWhatItsModelNeeds() throws IOException {
        int L = 2, B = 8, T = 32, H = 2, C = 32;
        TrainConfig config = TrainLab.config(
                "model.layers=" + L,
                "model.heads=" + H,
                "model.channels=" + C,
                "model.context=" + T,
                "batch.micro=" + B,
                "batch.canonical-width=1");
        try (CpuEngine engine = new CpuEngine(2)) {
            List<Team.Work> before = new ArrayList<>();
            StepWork.of(config, engine, () -> before.add(engine.work()));
            int V = TestCorpus.of(1).tokenizer().vocabSize();
            long linear = 2L * B * T * (L * (C * 3 * C + C * C + 2 * C * 4 * C) + C * V);
            long attention = 2L * B * T * T * C * L;
            assertThat(engine.work().since(before.get(0)).operations()).isEqualTo(3 * linear + 7 * attention);
        }
    }

    /** Pairs of blocks in the forward pass, and a check that the backward pass goes over as many. */
    private static long attention(@Nullable IntUnaryOperator firstKey) {
        try (CpuEngine engine = new CpuEngine(2)) {
            Kernels kernels = engine.kernels();
            Tensor qkv = tensor(engine, (long) B * T, SHAPE.qkvChannels()), dQkv = tensor(engine, qkv.shape());
            Tensor out = tensor(engine, (long) B * T, SHAPE.channels()), dOut = tensor(engine, out.shape());
            Tensor logSumExp = tensor(engine, B, SHAPE.heads(), T);
            Tensor firstKeys = null;
            if (firstKey != null) {
                firstKeys = new Tensor(engine.allocate("test", 4L * B * T), 0, DType.I32, (long) B * T);
                double[] values = new double[B * T];
                Arrays.setAll(values, n -> firstKey.applyAsInt(n % T));
                Values.write(engine, firstKeys, values);
            }
            Team.Work before = engine.work();
            kernels.attention(out, logSumExp, qkv, firstKeys, SHAPE);
            long forward = engine.work().since(before).operations();
            kernels.attentionBackward(dQkv, dOut, out, logSumExp, qkv, firstKeys, SHAPE);
            long backward = engine.work().since(before).operations() - forward;
            assertThat(forward % (2 * BLOCK)).as("whole blocks").isZero();
            assertThat(backward)
                    .as("five products where the forward pass has two")
                    .isEqualTo(forward / 2 * 5);
            return forward / (2 * BLOCK);
        }
    }

    private static Tensor tensor(CpuEngine engine, long... dims) {
        long size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        return new Tensor(engine.allocate("test", size * Float.BYTES), 0, DType.F32, dims);
    }
}
