package io.polyglow.cluster.collectives;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.UnsafeApi;

/** Moves f32 between buffers and heap arrays in bulk; on heap arrays the compiler vectorizes the addition. Little-endian hosts only. */
final class Floats {
    private static final long ARRAY_BASE = UnsafeApi.arrayBaseOffset(float[].class);

    private Floats() {}

    static void load(DirectBuffer from, int byteIndex, float[] to, int count) {
        from.boundsCheck(byteIndex, count * Float.BYTES);
        UnsafeApi.copyMemory(
                from.byteArray(), from.addressOffset() + byteIndex, to, ARRAY_BASE, (long) count * Float.BYTES);
    }

    static void store(float[] from, MutableDirectBuffer to, int byteIndex, int count) {
        to.boundsCheck(byteIndex, count * Float.BYTES);
        UnsafeApi.copyMemory(
                from, ARRAY_BASE, to.byteArray(), to.addressOffset() + byteIndex, (long) count * Float.BYTES);
    }

    static void add(float[] into, float[] from, int count) {
        for (int i = 0; i < count; i++) {
            into[i] += from[i];
        }
    }
}
