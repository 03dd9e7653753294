package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.BitUtil;

/** (left id, right id) to (rank, merged id): open addressing over two arrays, at most half full. Immutable once built. */
final class MergeTable {
    /** What {@link #find} answers for a pair that never merges; greater than any other answer. */
    static final long NONE = Long.MAX_VALUE;

    private final long[] keys;
    private final long[] values;

    MergeTable(int pairs) {
        int capacity = BitUtil.findNextPositivePowerOfTwo(Math.max(8, 2 * pairs));
        keys = new long[capacity];
        values = new long[capacity];
        Arrays.fill(keys, -1);
        Arrays.fill(values, NONE);
    }

    /** Adds a pair; the last one of equal pairs counts. */
    void put(int left, int right, int rank, int mergedId) {
        long key = key(left, right);
        int slot = slot(key);
        keys[slot] = key;
        values[slot] = (long) rank << 32 | mergedId;
    }

    /** {@code rank << 32 | mergedId}, or {@link #NONE}: smaller means merge earlier. */
    long find(int left, int right) {
        return values[slot(key(left, right))];
    }

    private int slot(long key) {
        int mask = keys.length - 1;
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (keys[slot] != key && keys[slot] != -1) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
