package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.model.TinyModels;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models whose passes are replayed compute what models compute that make every call. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedRepeatsTest {
    private static final int B = 2;
    private static final int T = 6;
    private static final int V = 11;

    /** The engine, a model on it with two slots, and a gradient for each. */
    private static final class Lab implements AutoCloseable {
        private final Engine engine = Emulators.engine();
        private final StageModel model;
        private final List<GradientSet> gradients;

        /** In bf16 blocks keep their input alone. */
        Lab(ModelConfig config, DType compute) {
            Recompute recompute = compute == DType.BF16 ? Recompute.FULL : Recompute.NONE;
            model = new StageModel(engine, config, StagePlan.whole(config), compute, B, T, 2, recompute);
            gradients = List.of(model.newGradients(), model.newGradients());
            model.parameters().initialise(1);
        }

        /** Losses and gradients of two micro-batches, whose tokens, documents and scale depend on the round. */
        ByteBuffer step(int round) {
            int[] documents = new int[B * T];
            Arrays.setAll(documents, i -> Math.min(i % T, round % 3));
            for (int slot = 0; slot < 2; slot++) {
                model.setTokens(slot, ids(31 * round + slot));
                model.setTargets(slot, ids(17 * round + slot));
                model.setFirstKeys(slot, round % 2 == slot ? null : documents);
                model.forward(slot);
            }
            ByteBuffer result = ByteBuffer.allocate(
                    2 * (Double.BYTES + (int) gradients.get(0).flat().bytes()));
            for (int slot = 0; slot < 2; slot++) {
                gradients.get(slot).begin();
                double scale = 1.0 / (B * T + round);
                if (slot == 0) {
                    model.backward(slot, gradients.get(slot), scale);
                } else {
                    model.backward(slot, gradients.get(slot), scale, from -> {}); // block by block
                }
                result.putDouble(model.lossSum(slot))
                        .put(bytes(gradients.get(slot).flat()));
            }
            return result.flip();
        }

        private byte[] bytes(Tensor tensor) {
            byte[] bytes = new byte[(int) tensor.bytes()];
            engine.read(tensor, new UnsafeBuffer(bytes), 0);
            return bytes;
        }

        @Override
        public void close() {
            gradients.forEach(GradientSet::close);
            model.close();
            engine.close();
        }
    }

    private static int[] ids(int stride) {
        int[] ids = new int[B * T];
        Arrays.setAll(ids, i -> (i * i + i * stride) % V);
        return ids;
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void shouldComputeTheSameWhenPassesAreReplayed(DType compute) {
        for (ModelConfig config : List.of(TinyModels.gpt2(2), TinyModels.llama(2))) {
            List<ByteBuffer> steps = new ArrayList<>();
            int before = Emulators.device().recordingsQueued();
            try (Lab replaying = new Lab(config, compute)) {
                for (int round = 0; round < 7; round++) {
                    steps.add(replaying.step(round));
                }
            }
            // forward and backward, two slots, the backward pass of one in two pieces, with and without masks: four or
            // three rounds each, of which the first records nothing
            assertThat(Emulators.device().recordingsQueued() - before).isEqualTo(5 * (3 + 2));
            assertThat(steps).doesNotHaveDuplicates();
            for (int round = 0; round < steps.size(); round++) {
                try (Lab calling = new Lab(config, compute)) {
                    assertThat(steps.get(round)).as("round %d", round).isEqualTo(calling.step(round));
                }
            }
        }
    }
}
