package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector loops of squared norms and AdamW. */
public final class OptimizerLoops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());
    /** As many floats as doubles fit a vector. */
    private static final VectorSpecies<Float> HALF =
            VectorSpecies.of(float.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

    private OptimizerLoops() {}

    /** The sum of {@code x^2} in double precision; any n. */
    public static double sumOfSquares(ByteBuffer x, int xi, int n) {
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

    /** {@code m = beta1 m + rest1 g'}, {@code v = beta2 v + rest2 g'^2} with {@code g' = gradScale g}. */
    public static void moments(
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
    public static void update(
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
