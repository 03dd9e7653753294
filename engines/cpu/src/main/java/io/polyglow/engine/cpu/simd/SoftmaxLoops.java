package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import io.polyglow.engine.cpu.vector.Functions;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector loops of softmax, over rows of whole vectors: what is not to count is negative infinity. With NaN or only infinities in a row nothing that it gives is
 * finite. Each exponential is that of {@code scale x - shift}.
 */
public final class SoftmaxLoops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final int LANES = Loops.LANES;

    private SoftmaxLoops() {}

    /** The largest x, or NaN if one of positive sign is there. */
    public static float max(ByteBuffer x, int xi, int n) {
        IntVector max = Functions.order(FloatVector.broadcast(F, Float.NEGATIVE_INFINITY));
        for (int i = 0; i < n; i += LANES) {
            max = max.max(Functions.order(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)));
        }
        return Functions.ordered(max.reduceLanes(VectorOperators.MAX));
    }

    /** The sum of the exponentials. */
    public static float sum(ByteBuffer x, int xi, int n, float scale, float shift) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < n; i += LANES) {
            sum = sum.add(Functions.expOfMinus(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .fma(FloatVector.broadcast(F, -scale), FloatVector.broadcast(F, shift))));
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Replaces x by the exponentials, and gives their sum. */
    public static float exponentials(ByteBuffer x, int xi, int n, float scale, float shift) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < n; i += LANES) {
            FloatVector e = Functions.expOfMinus(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .fma(FloatVector.broadcast(F, -scale), FloatVector.broadcast(F, shift)));
            e.intoByteBuffer(x, xi + 4 * i, LITTLE_ENDIAN);
            sum = sum.add(e);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Replaces x by the exponentials times a factor. */
    public static void scaledExponentials(ByteBuffer x, int xi, int n, float scale, float shift, float factor) {
        for (int i = 0; i < n; i += LANES) {
            Functions.expOfMinus(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                            .fma(FloatVector.broadcast(F, -scale), FloatVector.broadcast(F, shift)))
                    .mul(factor)
                    .intoByteBuffer(x, xi + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** Replaces x by the exponentials p, and gives the sum of {@code p dP}. */
    public static float weightedSum(ByteBuffer x, int xi, int dP, int n, float scale, float shift) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < n; i += LANES) {
            FloatVector p = Functions.expOfMinus(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .fma(FloatVector.broadcast(F, -scale), FloatVector.broadcast(F, shift)));
            p.intoByteBuffer(x, xi + 4 * i, LITTLE_ENDIAN);
            sum = p.fma(fromByteBuffer(F, x, dP + 4 * i, LITTLE_ENDIAN), sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Replaces dP, the gradient of the probabilities p, by that of what they are exponentials of: {@code p (dP - mean) scale}. */
    public static void gradient(ByteBuffer x, int p, int dP, int n, float scale, float mean) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, dP + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .mul(scale)
                    .mul(fromByteBuffer(F, x, p + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(x, dP + 4 * i, LITTLE_ENDIAN);
        }
    }
}
