package io.polyglow.common.token;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * Ids of recently seen pieces of up to {@value #MAX_BYTES} bytes, by one thread: direct-mapped, so bounded, and without objects. A slot is three words that
 * hold the piece itself (words that overlap where its length is not a multiple of eight), then one of its length, its number of ids and where they are. When the room for ids is
 * used up, all is forgotten.
 */
final class PieceCache {
    static final int MAX_BYTES = 24;

    private static final int SLOT_BITS = 15;
    private static final int WORDS = 4;
    private static final int ID_ROOM = 1 << 18;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final long[] slots = new long[WORDS << SLOT_BITS];
    private final int[] ids = new int[ID_ROOM];
    private int used;

    // the piece looked up last
    private long word0;
    private long word1;
    private long word2;
    private int length;
    private int slot;

    /** Appends the ids of a piece if they are known; else the piece is remembered for {@link #put}. */
    boolean appendIfKnown(byte[] utf8, int start, int end, IntArrayList out) {
        int n = end - start;
        long a;
        long b = 0;
        long c = 0;
        if (n >= 8) {
            a = (long) LONGS.get(utf8, start);
            b = (long) LONGS.get(utf8, n > 16 ? start + 8 : end - 8);
            c = n > 16 ? (long) LONGS.get(utf8, end - 8) : 0;
        } else if (n >= 4) {
            a = ((int) INTS.get(utf8, start) & 0xFFFFFFFFL) | (long) (int) INTS.get(utf8, end - 4) << 32;
        } else {
            a = (utf8[start] & 0xFF) | (utf8[start + (n >> 1)] & 0xFF) << 8 | (utf8[end - 1] & 0xFF) << 16;
        }
        int at = slotOf(a, b, c, n);
        long info = slots[at + 3];
        if (slots[at] == a && slots[at + 1] == b && slots[at + 2] == c && (info >>> 56) == n) {
            append(info, out);
            return true;
        }
        word0 = a;
        word1 = b;
        word2 = c;
        length = n;
        slot = at;
        return false;
    }

    /** Remembers that the piece looked up last has the ids from {@code firstId} to the end of {@code out}. */
    void put(IntArrayList out, int firstId) {
        int count = out.size() - firstId;
        if (used + count > ID_ROOM) {
            Arrays.fill(slots, 0);
            used = 0;
        }
        long value;
        if (count == 1) {
            value = out.getInt(firstId);
        } else {
            value = used;
            for (int i = 0; i < count; i++) {
                ids[used++] = out.getInt(firstId + i);
            }
        }
        slots[slot] = word0;
        slots[slot + 1] = word1;
        slots[slot + 2] = word2;
        slots[slot + 3] = (long) length << 56 | (long) count << 32 | value;
    }

    private void append(long info, IntArrayList out) {
        int count = (int) (info >>> 32) & 0xFF;
        int first = (int) info;
        if (count == 1) {
            out.addInt(first);
            return;
        }
        for (int i = first; i < first + count; i++) {
            out.addInt(ids[i]);
        }
    }

    private static int slotOf(long a, long b, long c, int n) {
        long hash = (a ^ n) * 0x9E3779B97F4A7C15L;
        hash = (hash ^ (hash >>> 32) ^ b) * 0xD6E8FEB86659FD93L;
        hash = (hash ^ (hash >>> 32) ^ c) * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> (Long.SIZE - SLOT_BITS)) * WORDS;
    }
}
