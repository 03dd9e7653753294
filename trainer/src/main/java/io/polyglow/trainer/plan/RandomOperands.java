package io.polyglow.trainer.plan;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Operands of products that are timed: seeded numbers of a standard normal distribution. GPUs multiply zeros and constants faster, as those cost less power, so that clocks stay
 * higher.
 */
public final class RandomOperands {
    private static final int DRAWN = 1 << 16;

    private final Engine engine;
    private final UnsafeBuffer values = new UnsafeBuffer(new byte[DRAWN * Float.BYTES]);

    /** For tensors of {@code engine}, on its thread. */
    public RandomOperands(Engine engine) {
        this.engine = engine;
        RandomStream random = RandomStream.of(0, "peak", 0);
        for (int i = 0; i < DRAWN; i++) {
            values.putFloat(i * Float.BYTES, (float) random.nextGaussian(), ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** Repeats the numbers until the tensor, of any compute dtype of the engine, is full. */
    public void fill(Tensor tensor) {
        long most = Math.min(DRAWN, tensor.size());
        try (Arena arena = engine.allocate("measurement", most * Float.BYTES)) {
            Tensor drawn = new Tensor(arena, 0, DType.F32, most);
            engine.write(drawn, values, 0);
            for (long from = 0; from < tensor.size(); from += most) {
                long count = Math.min(most, tensor.size() - from);
                engine.kernels().copy(tensor.slice(from, count), drawn.slice(0, count));
            }
        }
    }
}
