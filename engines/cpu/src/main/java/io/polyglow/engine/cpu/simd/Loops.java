package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector loops over f32 buffers: a buffer, the byte of its first element, and a count n. Element-wise loops want n to be a multiple of
 * {@link #LANES}; reductions take any n and add in an order that depends on n and the machine's vector length only.
 *
 * <p>Each loop of this package is a small static method of its own that calls the Vector API or {@code vector.Functions}, carries few vectors and has well below thirty
 * operations, because the compiler of Java 17 is fragile: as soon as it cannot see one operation inlined, all vectors of the loop go through the heap. It does so at
 * random where a loop is longer or a caller swallows it, so {@code -XX:CompileCommand=dontinline} keeps this package's loops apart (see the project's JVM options).
 */
public final class Loops {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    public static final int LANES = F.length();

    private Loops() {}

    /** The largest multiple of the lanes up to n. */
    public static int body(int n) {
        return n & -LANES;
    }

    /** The smallest multiple of the lanes from n on. */
    public static int whole(int n) {
        return (n + LANES - 1) & -LANES;
    }

    /** {@code out = value}; any n. */
    public static void fill(ByteBuffer out, int o, int n, float value) {
        int body = body(n);
        FloatVector v = FloatVector.broadcast(F, value);
        for (int i = 0; i < body; i += LANES) {
            v.intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < n; i++) {
            out.putFloat(o + 4 * i, value);
        }
    }

    /** {@code out += x}. */
    public static void add(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN)
                    .add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x + y}. */
    public static void sum(ByteBuffer out, int o, ByteBuffer x, int xi, ByteBuffer y, int yi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN)
                    .add(fromByteBuffer(F, y, yi + 4 * i, LITTLE_ENDIAN))
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out = x}. */
    public static void copy(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** {@code out *= factor}. */
    public static void scale(ByteBuffer out, int o, int n, float factor) {
        for (int i = 0; i < n; i += LANES) {
            fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN).mul(factor).intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
    }

    /** The sum of x, in four times as many partial sums as lanes, which keeps rounding errors small; any n. */
    public static float sum(ByteBuffer x, int xi, int n) {
        int quads = n & -(4 * LANES);
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        FloatVector c = FloatVector.zero(F);
        FloatVector d = FloatVector.zero(F);
        for (int i = 0; i < quads; i += 4 * LANES) {
            a = a.add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN));
            b = b.add(fromByteBuffer(F, x, xi + 4 * (i + LANES), LITTLE_ENDIAN));
            c = c.add(fromByteBuffer(F, x, xi + 4 * (i + 2 * LANES), LITTLE_ENDIAN));
            d = d.add(fromByteBuffer(F, x, xi + 4 * (i + 3 * LANES), LITTLE_ENDIAN));
        }
        int body = body(n);
        for (int i = quads; i < body; i += LANES) {
            a = a.add(fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN));
        }
        float total = a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            total += x.getFloat(xi + 4 * i);
        }
        return total;
    }

    /** The sum of {@code (x - centre)^2}, in four times as many partial sums as lanes; any n. */
    public static float squares(ByteBuffer x, int xi, int n, float centre) {
        int quads = n & -(4 * LANES);
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        FloatVector c = FloatVector.zero(F);
        FloatVector d = FloatVector.zero(F);
        for (int i = 0; i < quads; i += 4 * LANES) {
            FloatVector p = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).sub(centre);
            FloatVector q =
                    fromByteBuffer(F, x, xi + 4 * (i + LANES), LITTLE_ENDIAN).sub(centre);
            FloatVector r = fromByteBuffer(F, x, xi + 4 * (i + 2 * LANES), LITTLE_ENDIAN)
                    .sub(centre);
            FloatVector s = fromByteBuffer(F, x, xi + 4 * (i + 3 * LANES), LITTLE_ENDIAN)
                    .sub(centre);
            a = p.fma(p, a);
            b = q.fma(q, b);
            c = r.fma(r, c);
            d = s.fma(s, d);
        }
        int body = body(n);
        for (int i = quads; i < body; i += LANES) {
            FloatVector p = fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).sub(centre);
            a = p.fma(p, a);
        }
        float total = a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
        for (int i = body; i < n; i++) {
            float v = x.getFloat(xi + 4 * i) - centre;
            total += v * v;
        }
        return total;
    }
}
