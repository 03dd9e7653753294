package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.polyglow.trainer.precision.BFloat16;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Conversion between f32 and bf16, equal to {@link BFloat16} bit by bit. */
public final class BFloat16Loops {
    private static final VectorSpecies<Float> F = Loops.F;
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    private static final VectorSpecies<Short> HALF =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final int INFINITY = 0x7F800000;

    private BFloat16Loops() {}

    /** {@code out[i] = x[i]}, exact; x is bf16. */
    public static void widen(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        int body = Loops.body(n);
        for (int i = 0; i < body; i += Loops.LANES) {
            IntVector bits = (IntVector) ShortVector.fromByteBuffer(HALF, x, xi + 2 * i, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0);
            bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < n; i++) {
            out.putFloat(o + 4 * i, BFloat16.toFloat(x.getShort(xi + 2 * i)));
        }
    }

    /** {@code out[i] += x[i]}; x is bf16. */
    public static void add(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        int body = Loops.body(n);
        for (int i = 0; i < body; i += Loops.LANES) {
            IntVector bits = (IntVector) ShortVector.fromByteBuffer(HALF, x, xi + 2 * i, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0);
            FloatVector.fromByteBuffer(F, out, o + 4 * i, LITTLE_ENDIAN)
                    .add(bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats())
                    .intoByteBuffer(out, o + 4 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < n; i++) {
            out.putFloat(o + 4 * i, out.getFloat(o + 4 * i) + BFloat16.toFloat(x.getShort(xi + 2 * i)));
        }
    }

    /** {@code out[i] = x[i]}, rounded to nearest even; out is bf16. */
    public static void narrow(ByteBuffer out, int o, ByteBuffer x, int xi, int n) {
        int body = Loops.body(n);
        for (int i = 0; i < body; i += Loops.LANES) {
            IntVector bits =
                    FloatVector.fromByteBuffer(F, x, xi + 4 * i, LITTLE_ENDIAN).reinterpretAsInts();
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            VectorMask<Integer> nan =
                    bits.lanewise(VectorOperators.AND, 0x7FFFFFFF).compare(VectorOperators.GT, INFINITY);
            IntVector rounded = bits.add(upper.lanewise(VectorOperators.AND, 1))
                    .add(0x7FFF)
                    .lanewise(VectorOperators.LSHR, 16)
                    .blend(upper.lanewise(VectorOperators.OR, 0x40), nan);
            ((ShortVector) rounded.convertShape(VectorOperators.I2S, HALF, 0))
                    .intoByteBuffer(out, o + 2 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < n; i++) {
            out.putShort(o + 2 * i, BFloat16.fromFloat(x.getFloat(xi + 4 * i)));
        }
    }
}
