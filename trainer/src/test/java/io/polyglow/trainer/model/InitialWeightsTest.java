package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class InitialWeightsTest {
    @Test
    void shouldDrawTheStreamInOrderWhenManyThreadsShareAParameter() {
        ParameterSpec spec = new ParameterSpec("w", List.of(1021L, 207L), Role.HEAD_WEIGHT, 0, 0.5, 2);
        try (Engine engine = Engines.named("reference").open(1);
                Arena arena = engine.allocate("weights", spec.size() * Float.BYTES)) {
            Tensor parameter = new Tensor(arena, 0, DType.F32, 1021, 207);
            new InitialWeights(engine, 7).draw(spec, parameter);

            UnsafeBuffer drawn = new UnsafeBuffer(new byte[(int) parameter.bytes()]);
            engine.read(parameter, drawn, 0);
            RandomStream random = RandomStream.of(7, "init/w", 0);
            for (int i = 0; i < spec.size(); i++) {
                float expected = (float) (0.5 + 2 * random.nextGaussian());
                assertThat(drawn.getFloat(i * Float.BYTES, ByteOrder.LITTLE_ENDIAN))
                        .as("element %d", i)
                        .isEqualTo(expected);
            }
        }
    }
}
