package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/** Softmax and cross-entropy of rows of logits, fused; long rows go by in chunks. Legend: V columns. */
final class CrossEntropy {
    private static final int CHUNK = 1 << 12;

    private final Team team;

    CrossEntropy(Team team) {
        this.team = team;
    }

    void run(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        long V = logits.dim(1);
        team.ranges(logits.dim(0), Math.max(1, Elements.BLOCK / V), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                int target = Scalars.id(targets, n, -1, classes);
                row(loss, logits, n, target, classes, (float) gradScale, lane);
            }
        });
    }

    private static void row(Tensor loss, Tensor logits, long n, int target, int classes, float gradScale, Lane lane) {
        long row = n * logits.dim(1);
        float logSumExp = target < 0 ? 0 : logSumExp(logits, row, classes, lane);
        Scalars.put(loss, n, target < 0 ? 0 : logSumExp - value(logits, row + target, lane));
        if (gradScale != 0) {
            int used = target < 0 ? 0 : classes;
            gradient(logits, row, used, logSumExp, gradScale, lane);
            zero(logits, row + used, row + logits.dim(1), lane);
            if (target >= 0) {
                subtract(logits, row + target, gradScale, lane);
            }
        }
    }

    private static float logSumExp(Tensor logits, long row, int classes, Lane lane) {
        float max = Float.NEGATIVE_INFINITY;
        for (int v = 0; v < classes; v += CHUNK) {
            Window x = lane.window(0).read(logits, row + v, Math.min(CHUNK, classes - v));
            max = Math.max(max, Loops.max(x.buffer, x.at, Math.min(CHUNK, classes - v)));
        }
        ByteBuffer e = lane.scratch((long) CHUNK * Float.BYTES).view(0);
        double sum = 0;
        for (int v = 0; v < classes; v += CHUNK) {
            int n = Math.min(CHUNK, classes - v);
            Window x = lane.window(0).read(logits, row + v, n);
            Loops.exp(e, 0, x.buffer, x.at, x.whole, 1, -max, 1);
            sum += Loops.sum(e, 0, n);
        }
        return (float) (max + Math.log(sum));
    }

    /** {@code logits = gradScale * softmax}. */
    private static void gradient(Tensor logits, long row, int classes, float logSumExp, float gradScale, Lane lane) {
        for (int v = 0; v < classes; v += CHUNK) {
            Window x = lane.window(0).read(logits, row + v, Math.min(CHUNK, classes - v));
            Loops.exp(x.buffer, x.at, x.buffer, x.at, x.whole, 1, -logSumExp, gradScale);
            x.commit();
        }
    }

    private static void zero(Tensor logits, long from, long to, Lane lane) {
        for (long i = from; i < to; i += CHUNK) {
            int n = (int) Math.min(CHUNK, to - i);
            Window x = lane.window(0).write(logits, i, n);
            Loops.fill(x.buffer, x.at, n, 0);
            x.commit();
        }
    }

    private static float value(Tensor logits, long index, Lane lane) {
        Window x = lane.window(1).read(logits, index, 1);
        return x.buffer.getFloat(x.at);
    }

    private static void subtract(Tensor logits, long index, float amount, Lane lane) {
        Window x = lane.window(1).read(logits, index, 1);
        x.buffer.putFloat(x.at, x.buffer.getFloat(x.at) - amount);
        x.commit();
    }
}
