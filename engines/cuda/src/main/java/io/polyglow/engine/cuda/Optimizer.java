package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** AdamW and the sums for the global norm. */
final class Optimizer {
    private static final int THREADS = 256;
    private static final int ELEMENTS_PER_THREAD = 4;
    private static final int SQUARE_THREADS = 512;

    private final Launcher launcher;
    private final Function adamW;
    private final ByType squares;

    Optimizer(Launcher launcher) {
        this.launcher = launcher;
        adamW = launcher.kernel("adamw");
        squares = launcher.kernels("sum_of_squares");
    }

    void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        launcher.call(squares.of(x.dtype()))
                .tensor(out)
                .tensor(x)
                .i64(blockSize)
                .i64(x.size())
                .run(Grid.of(out.size(), SQUARE_THREADS));
    }

    void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        Launcher.requireComputes(w.dtype());
        launcher.call(adamW)
                .tensor(w)
                .tensor(m)
                .tensor(v)
                .tensor(g)
                .f32(step.learningRate())
                .f32(step.beta1())
                .f32(1 - step.beta1())
                .f32(step.beta2())
                .f32(1 - step.beta2())
                .f32(step.epsilon())
                .f32(step.weightDecay())
                .f32(step.correction1())
                .f32(step.correction2())
                .f32(step.gradScale())
                .i64(w.size())
                .tensor(copy)
                .run(Grid.covering((w.size() + ELEMENTS_PER_THREAD - 1) / ELEMENTS_PER_THREAD, THREADS));
    }
}
