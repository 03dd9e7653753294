package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Vector loops of normalisation, over one row. */
public final class NormLoops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final int LANES = Loops.LANES;

    private NormLoops() {}

    /** {@code out = (x - mean) rstd gamma}. */
    public static void normalise(
            ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer gamma, int gi, int n, float mean, float rstd) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .mul(rstd)
                    .mul(fromByteBuffer(F, gamma, gi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = (x - mean) rstd gamma + beta}. */
    public static void normalise(
            ByteBuffer out,
            int o,
            ByteBuffer x,
            int xi,
            ByteBuffer gamma,
            int gi,
            ByteBuffer beta,
            int bi,
            int n,
            float mean,
            float rstd) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .mul(rstd)
                    .fma(
                            fromByteBuffer(F, gamma, gi + 4 * i, LITTLE_ENDIAN),
                            fromByteBuffer(F, beta, bi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** With {@code g = dOut gamma}: writes the sums of g and of {@code g (x - mean)}, two floats; any n. */
    public static void dots(
            ByteBuffer sums,
            int si,
            ByteBuffer dOut,
            int di,
            ByteBuffer gamma,
            int gi,
            ByteBuffer x,
            int xi,
            int n,
            float mean) {
        int body = Loops.body(n);
        FloatVector sum = FloatVector.zero(F);
        FloatVector centred = FloatVector.zero(F);
        for (int i = 0; i < body; i += LANES) {
            FloatVector g = fromByteBuffer(F, dOut, di + 4 * i, LITTLE_ENDIAN)
                    .mul(fromByteBuffer(F, gamma, gi + 4 * i, LITTLE_ENDIAN));
            sum = sum.add(g);
            centred = g.fma(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).sub(mean), centred);
        }
        float total = sum.reduceLanes(VectorOperators.ADD);
        float centredTotal = centred.reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            float g = dOut.getFloat(di + 4 * i) * gamma.getFloat(gi + 4 * i);
            total += g;
            centredTotal += g * (x.getFloat(xi + 4 * i) - mean);
        }
        sums.putFloat(si, total);
        sums.putFloat(si + 4, centredTotal);
    }

    /** With {@code g = dOut gamma} and {@code xhat = (x - mean) rstd}: {@code dX += rstd (g - meanG - xhat meanGX)}. */
    public static void gradient(
            ByteBuffer dX,
            int dxi,
            ByteBuffer dOut,
            int di,
            ByteBuffer gamma,
            int gi,
            ByteBuffer x,
            int xi,
            int n,
            float mean,
            float rstd,
            float meanG,
            float meanGX) {
        float slope = -rstd * meanGX;
        for (int i = 0; i < n; i += LANES) {
            FloatVector g = fromByteBuffer(F, dOut, di + 4 * i, LITTLE_ENDIAN)
                    .mul(fromByteBuffer(F, gamma, gi + 4 * i, LITTLE_ENDIAN))
                    .sub(meanG);
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .fma(FloatVector.broadcast(F, slope), g)
                    .fma(FloatVector.broadcast(F, rstd), fromByteBuffer(F, dX, dxi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dX, dxi + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code dGamma += dOut xhat}, {@code dBeta += dOut}. */
    public static void sumGradients(
            ByteBuffer dGamma,
            int gi,
            ByteBuffer dBeta,
            int bi,
            ByteBuffer dOut,
            int di,
            ByteBuffer x,
            int xi,
            int n,
            float mean,
            float rstd) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector dY = fromByteBuffer(F, dOut, di + 4 * i, LITTLE_ENDIAN);
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .sub(mean)
                    .mul(rstd)
                    .fma(dY, fromByteBuffer(F, dGamma, gi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dGamma, gi + 4 * i, LITTLE_ENDIAN);
            dY.add(fromByteBuffer(F, dBeta, bi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(dBeta, bi + 4 * i, LITTLE_ENDIAN);
        }
    }
}
