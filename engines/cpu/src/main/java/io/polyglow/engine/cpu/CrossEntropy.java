package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.engine.cpu.simd.SoftmaxLoops;
import io.polyglow.trainer.tensor.Tensor;

/**
 * Softmax and cross-entropy of rows of logits, fused; long rows go by in chunks. Maximum and sum of the exponentials come from one pass (Milakov and Gimelshein 2018): a chunk that
 * raises the maximum scales the sum of those before it. Legend: V columns.
 */
final class CrossEntropy {
    /** Columns whose exponentials one partial sum a lane adds up in f32; the sums of chunks are added in f64. */
    private static final int CHUNK = 1 << 11;

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
        if (target < 0) {
            Scalars.put(loss, n, 0);
            if (gradScale != 0) {
                zero(logits, row, row + logits.dim(1), lane);
            }
            return;
        }
        float max = Float.NEGATIVE_INFINITY;
        double sum = 0;
        for (int v = 0; v < classes; v += CHUNK) {
            Window x = read(logits, row + v, Math.min(CHUNK, classes - v), lane);
            float before = max;
            max = Math.max(before, SoftmaxLoops.max(x.buffer, x.at, x.whole));
            if (max != before) {
                sum *= Math.exp(before - max);
            }
            float shift = max == Float.NEGATIVE_INFINITY ? 0 : max;
            sum += SoftmaxLoops.sum(x.buffer, x.at, x.whole, 1, shift);
        }
        double logit = value(logits, row + target, lane);
        Scalars.put(loss, n, (float) (max - logit + Math.log(sum)));
        if (gradScale != 0) {
            gradient(logits, row, classes, max, (float) (gradScale / sum), lane);
            zero(logits, row + classes, row + logits.dim(1), lane);
            set(logits, row + target, gradScale * (Math.exp(logit - max) / sum - 1), lane);
        }
    }

    /** A chunk of logits, up to whole vectors with what does not count. */
    private static Window read(Tensor logits, long from, int n, Lane lane) {
        Window x = lane.window(0).read(logits, from, n);
        Loops.fill(x.buffer, x.at + Float.BYTES * n, x.whole - n, Float.NEGATIVE_INFINITY);
        return x;
    }

    /** {@code logits = factor * exp(logits - max)}. */
    private static void gradient(Tensor logits, long row, int classes, float max, float factor, Lane lane) {
        for (int v = 0; v < classes; v += CHUNK) {
            Window x = lane.window(0).read(logits, row + v, Math.min(CHUNK, classes - v));
            SoftmaxLoops.scaledExponentials(x.buffer, x.at, x.whole, 1, max, factor);
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

    private static void set(Tensor logits, long index, double value, Lane lane) {
        Window x = lane.window(1).write(logits, index, 1);
        x.buffer.putFloat(x.at, (float) value);
        x.commit();
    }
}
