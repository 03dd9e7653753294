package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AdamWTensors;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;

/** AdamW and the sums for the global norm. A launch does as many tensors as the parameters of a kernel can name. */
final class Optimizer {
    private static final int THREADS = 256;
    private static final int ELEMENTS_PER_BLOCK = 4 * THREADS;
    private static final int SQUARE_THREADS = 512;
    /** As in optimizer.cu. */
    static final int ADAM_TENSORS = 72;

    /** As in optimizer.cu. */
    static final int SQUARE_TENSORS = 160;

    private static final int ADAM_TENSOR_BYTES = 56;
    private static final int SQUARE_TENSOR_BYTES = 24;

    private final Launcher launcher;
    private final Function adamW;
    private final ByType squares;

    Optimizer(Launcher launcher) {
        this.launcher = launcher;
        adamW = launcher.kernel("adamw");
        squares = launcher.kernels("sum_of_squares");
    }

    /** All of {@code xs} have one dtype. */
    void sumOfSquares(Tensor out, List<Tensor> xs, long blockSize) {
        long done = 0;
        for (int from = 0; from < xs.size(); from += SQUARE_TENSORS) {
            List<Tensor> some = xs.subList(from, Math.min(xs.size(), from + SQUARE_TENSORS));
            launcher.call(squares.of(some.get(0).dtype()))
                    .address(CudaArena.address(out) + done * Double.BYTES)
                    .i64(blockSize)
                    .i32(some.size());
            long blocks = 0;
            for (Tensor x : some) {
                launcher.tensor(x).i64(x.size()).i64(blocks);
                blocks += blocks(x, blockSize);
            }
            launcher.zeros((SQUARE_TENSORS - some.size()) * SQUARE_TENSOR_BYTES).run(Grid.of(blocks, SQUARE_THREADS));
            done += blocks;
        }
    }

    void adamW(AdamWStep step, List<AdamWTensors> parameters) {
        for (int from = 0; from < parameters.size(); from += ADAM_TENSORS) {
            List<AdamWTensors> some = parameters.subList(from, Math.min(parameters.size(), from + ADAM_TENSORS));
            begin(step).i32(some.size());
            long blocks = 0;
            for (AdamWTensors each : some) {
                launcher.tensor(each.w())
                        .tensor(each.m())
                        .tensor(each.v())
                        .tensor(each.g())
                        .tensor(each.copy())
                        .i64(each.w().size())
                        .i64(blocks);
                blocks += blocks(each.w(), ELEMENTS_PER_BLOCK);
            }
            launcher.zeros((ADAM_TENSORS - some.size()) * ADAM_TENSOR_BYTES).run(Grid.of(blocks, THREADS));
        }
    }

    private Launcher begin(AdamWStep step) {
        return launcher.call(adamW)
                .f32(step.learningRate())
                .f32(step.beta1())
                .f32(1 - step.beta1())
                .f32(step.beta2())
                .f32(1 - step.beta2())
                .f32(step.epsilon())
                .f32(step.weightDecay())
                .f32(step.correction1())
                .f32(step.correction2())
                .f32(step.gradScale());
    }

    private static long blocks(Tensor x, long blockSize) {
        return (x.size() + blockSize - 1) / blockSize;
    }
}
