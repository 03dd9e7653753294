package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.Tensor;

/** Softmax and cross-entropy, fused. */
final class CrossEntropy {
    private static final int THREADS = 1024;

    private final Launcher launcher;
    private final ByType rows;

    CrossEntropy(Launcher launcher) {
        this.launcher = launcher;
        rows = launcher.kernels("cross_entropy");
    }

    void run(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        launcher.call(rows.of(logits.dtype()))
                .tensor(loss)
                .tensor(logits)
                .tensor(targets)
                .i32(classes)
                .i32(logits.dim(1))
                .f32(gradScale)
                .run(Grid.of(logits.dim(0), THREADS));
    }
}
