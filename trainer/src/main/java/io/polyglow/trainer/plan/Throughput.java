package io.polyglow.trainer.plan;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.model.Role;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/** How much arithmetic a token costs, and how fast this rank's engine multiplies matrices at its best. */
public final class Throughput {
    private static final long LONG_ENOUGH_NS = 5_000_000;
    private static final int LARGEST = 8192;

    private Throughput() {}

    /**
     * Floating-point operations of forward and backward per token: 6 per weight of a matrix product, 12 L C T of attention (Chowdhery et al. 2022), with a
     * window of W keys 12 L C W.
     */
    public static double flopsPerToken(ModelConfig config) {
        double weights = config.tied() ? (double) config.vocabSize() * config.channels() : 0;
        for (ParameterSpec parameter : ParameterTable.of(config)) {
            boolean lookup = parameter.role() == Role.TOKEN_TABLE || parameter.role() == Role.POSITION_TABLE;
            weights += lookup ? 0 : parameter.size();
        }
        int window = config.attentionWindow() == 0 ? config.context() : config.attentionWindow();
        return 6 * weights + 12.0 * config.layers() * config.channels() * Math.min(config.context(), window);
    }

    /** Operations per second of a square matrix product of {@link RandomOperands}, large enough to be timed. */
    public static double peakFlops(Engine engine, DType dtype, NanoClock clock) {
        RandomOperands operands = new RandomOperands(engine);
        for (int n = 64; ; n *= 2) {
            long ns = time(engine, dtype, n, operands, clock);
            if (ns >= LONG_ENOUGH_NS || n == LARGEST) {
                return 2.0 * n * n * n / Math.max(1, ns) * 1e9;
            }
        }
    }

    private static long time(Engine engine, DType dtype, int n, RandomOperands operands, NanoClock clock) {
        long bytes = (long) n * n * dtype.bytes();
        try (Arena arena = engine.allocate("measurement", 3 * bytes)) {
            Tensor x = new Tensor(arena, 0, dtype, n, n);
            Tensor w = new Tensor(arena, bytes, dtype, n, n);
            Tensor out = new Tensor(arena, 2 * bytes, dtype, n, n);
            operands.fill(x);
            operands.fill(w);
            UnsafeBuffer element = new UnsafeBuffer(new byte[dtype.bytes()]);
            long best = Long.MAX_VALUE;
            for (int i = 0; i < 3; i++) {
                long begin = clock.nanoTime();
                engine.kernels().linear(out, x, w, WeightLayout.OUT_IN, null, null);
                engine.read(
                        out.slice(0, 1), element, 0); // an engine may queue the product and return: this waits for it
                best = Math.min(best, clock.nanoTime() - begin);
            }
            return best;
        }
    }
}
