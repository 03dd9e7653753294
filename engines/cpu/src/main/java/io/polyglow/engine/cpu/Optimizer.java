package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.BFloat16Loops;
import io.polyglow.engine.cpu.simd.OptimizerLoops;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Squared norms and AdamW. */
final class Optimizer {
    private static final int PIECE = 1 << 14;

    private final Team team;

    Optimizer(Team team) {
        this.team = team;
    }

    void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        team.ranges(x.size(), blockSize, (from, to, lane) -> {
            double sum = 0;
            for (long i = from; i < to; i += PIECE) {
                int n = (int) Math.min(PIECE, to - i);
                Window values = lane.window(0).read(x, i, n);
                sum += OptimizerLoops.sumOfSquares(values.buffer, values.at, n);
            }
            long offset = out.offset() + from / blockSize * Double.BYTES;
            CpuArena.memory(out).view(offset).putDouble(Memory.at(offset), sum);
        });
    }

    void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        team.ranges(w.size(), PIECE, (from, to, lane) -> {
            int n = (int) (to - from);
            Window weight = lane.window(0).read(w, from, n);
            Window first = lane.window(1).read(m, from, n);
            Window second = lane.window(2).read(v, from, n);
            Window gradient = lane.window(3).read(g, from, n);
            OptimizerLoops.moments(
                    first.buffer,
                    first.at,
                    second.buffer,
                    second.at,
                    gradient.buffer,
                    gradient.at,
                    weight.whole,
                    (float) step.gradScale(),
                    (float) step.beta1(),
                    (float) (1 - step.beta1()),
                    (float) step.beta2(),
                    (float) (1 - step.beta2()));
            OptimizerLoops.update(
                    weight.buffer,
                    weight.at,
                    first.buffer,
                    first.at,
                    second.buffer,
                    second.at,
                    weight.whole,
                    (float) (step.learningRate() / step.correction1()),
                    (float) (1 / step.correction2()),
                    (float) step.epsilon(),
                    (float) (1 - step.learningRate() * step.weightDecay()));
            first.commit();
            second.commit();
            weight.commit();
            if (copy != null) {
                long offset = copy.offset() + from * copy.dtype().bytes();
                ByteBuffer rounded = CpuArena.memory(copy).view(offset);
                BFloat16Loops.narrow(rounded, Memory.at(offset), weight.buffer, weight.at, n);
            }
        });
    }
}
