package io.polyglow.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Squared norms and AdamW. */
final class Optimizer {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());
    /** As many floats as doubles fit a vector. */
    private static final VectorSpecies<Float> HALF =
            VectorSpecies.of(float.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

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
                sum += sumOfSquares(values.buffer, values.at, n);
            }
            long offset = out.offset() + from / blockSize * Double.BYTES;
            CpuArena.memory(out).view(offset).putDouble(Memory.at(offset), sum);
        });
    }

    private static double sumOfSquares(ByteBuffer x, int xi, int n) {
        int body = n & -D.length();
        DoubleVector sum = DoubleVector.zero(D);
        for (int i = 0; i < body; i += D.length()) {
            DoubleVector v = (DoubleVector)
                    fromByteBuffer(HALF, x, xi + 4 * i, LITTLE_ENDIAN).convertShape(VectorOperators.F2D, D, 0);
            sum = v.fma(v, sum);
        }
        double total = sum.reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            double v = x.getFloat(xi + 4 * i);
            total += v * v;
        }
        return total;
    }

    void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g) {
        team.ranges(w.size(), PIECE, (from, to, lane) -> {
            int n = (int) (to - from);
            Window weight = lane.window(0).read(w, from, n);
            Window first = lane.window(1).read(m, from, n);
            Window second = lane.window(2).read(v, from, n);
            Window gradient = lane.window(3).read(g, from, n);
            moments(
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
            update(
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
        });
    }

    /** {@code m = beta1 m + rest1 g'}, {@code v = beta2 v + rest2 g'^2} with {@code g' = gradScale g}. */
    private static void moments(
            ByteBuffer m,
            int mi,
            ByteBuffer v,
            int vi,
            ByteBuffer g,
            int gi,
            int n,
            float gradScale,
            float beta1,
            float rest1,
            float beta2,
            float rest2) {
        for (int i = 0; i < n; i += Loops.LANES) {
            FloatVector gradient =
                    fromByteBuffer(F, g, gi + 4 * i, LITTLE_ENDIAN).mul(gradScale);
            fromByteBuffer(F, m, mi + 4 * i, LITTLE_ENDIAN)
                    .mul(beta1)
                    .add(gradient.mul(rest1))
                    .intoByteBuffer(m, mi + 4 * i, LITTLE_ENDIAN);
            fromByteBuffer(F, v, vi + 4 * i, LITTLE_ENDIAN)
                    .mul(beta2)
                    .add(gradient.mul(gradient).mul(rest2))
                    .intoByteBuffer(v, vi + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code w = keep w - rate m / (sqrt(v inverse2) + epsilon)}. */
    private static void update(
            ByteBuffer w,
            int wi,
            ByteBuffer m,
            int mi,
            ByteBuffer v,
            int vi,
            int n,
            float rate,
            float inverse2,
            float epsilon,
            float keep) {
        for (int i = 0; i < n; i += Loops.LANES) {
            FloatVector divisor = fromByteBuffer(F, v, vi + 4 * i, LITTLE_ENDIAN)
                    .mul(inverse2)
                    .lanewise(VectorOperators.SQRT)
                    .add(epsilon);
            FloatVector change =
                    fromByteBuffer(F, m, mi + 4 * i, LITTLE_ENDIAN).mul(rate).div(divisor);
            fromByteBuffer(F, w, wi + 4 * i, LITTLE_ENDIAN)
                    .mul(keep)
                    .sub(change)
                    .intoByteBuffer(w, wi + 4 * i, LITTLE_ENDIAN);
        }
    }
}
