package io.polyglow.engine.cpu.simd;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The vector loop of rotary position embedding. */
public final class RopeLoops {
    private static final VectorSpecies<Float> F = Loops.F;

    private RopeLoops() {}

    /** Turns the pairs (i, i + half) of one head; the table row has {@code half} cosines, then as many sines. */
    public static void turn(ByteBuffer x, int at, ByteBuffer table, int angle, int half, float sign) {
        int body = Loops.body(half);
        int other = at + 4 * half;
        int sines = angle + 4 * half;
        for (int i = 0; i < body; i += Loops.LANES) {
            FloatVector a = fromByteBuffer(F, x, at + 4 * i, LITTLE_ENDIAN);
            FloatVector b = fromByteBuffer(F, x, other + 4 * i, LITTLE_ENDIAN);
            FloatVector cos = fromByteBuffer(F, table, angle + 4 * i, LITTLE_ENDIAN);
            FloatVector sin =
                    fromByteBuffer(F, table, sines + 4 * i, LITTLE_ENDIAN).mul(sign);
            a.mul(cos).sub(b.mul(sin)).intoByteBuffer(x, at + 4 * i, LITTLE_ENDIAN);
            b.mul(cos).add(a.mul(sin)).intoByteBuffer(x, other + 4 * i, LITTLE_ENDIAN);
        }
        for (int i = body; i < half; i++) {
            float a = x.getFloat(at + 4 * i);
            float b = x.getFloat(other + 4 * i);
            float cos = table.getFloat(angle + 4 * i);
            float sin = table.getFloat(sines + 4 * i) * sign;
            x.putFloat(at + 4 * i, a * cos - b * sin);
            x.putFloat(other + 4 * i, b * cos + a * sin);
        }
    }
}
