package io.polyglow.common.token;

import org.agrona.BitUtil;

/** (left id, right id) to (rank, merged id): open addressing, at most half full, key and value side by side. Immutable once built. */
final class MergeTable {
    /** What {@link #find} answers for a pair that never merges; greater than any other answer. */
    static final long NONE = Long.MAX_VALUE;

    /** Bits for each pair of the filter: one in eight pairs that are not there passes. */
    private static final int FILTER_BITS = 8;

    private final long[] entries;
    private final int shift;

    /** One bit for each hash, small enough to stay near the processor: most pairs that are asked for are not in the table. */
    private final long[] filter;

    private final int filterShift;

    MergeTable(int pairs) {
        int capacity = BitUtil.findNextPositivePowerOfTwo(Math.max(8, 2 * pairs));
        entries = new long[2 * capacity];
        shift = Long.numberOfLeadingZeros(capacity) + 1;
        filter = new long[Math.max(1, FILTER_BITS / 2 * capacity / Long.SIZE)];
        filterShift = Long.numberOfLeadingZeros((long) filter.length * Long.SIZE) + 1;
        for (int slot = 0; slot < entries.length; slot += 2) {
            entries[slot] = -1;
            entries[slot + 1] = NONE;
        }
    }

    /** The merges of a model; the last one of equal pairs counts. */
    static MergeTable of(IntPairs pairs, int[] mergedIds) {
        MergeTable table = new MergeTable(pairs.size());
        for (int rank = 0; rank < mergedIds.length; rank++) {
            table.put(pairs.left(rank), pairs.right(rank), rank, mergedIds[rank]);
        }
        return table;
    }

    /** Adds a pair; the last one of equal pairs counts. */
    void put(int left, int right, int rank, int mergedId) {
        long hash = hash(key(left, right));
        int bit = (int) (hash >>> filterShift);
        filter[bit >> 6] |= 1L << bit;
        int slot = slot(key(left, right), hash);
        entries[slot] = key(left, right);
        entries[slot + 1] = (long) rank << 32 | mergedId;
    }

    /** {@code rank << 32 | mergedId}, or {@link #NONE}: smaller means merge earlier. */
    long find(int left, int right) {
        long key = key(left, right);
        long hash = hash(key);
        int bit = (int) (hash >>> filterShift);
        return (filter[bit >> 6] & 1L << bit) == 0 ? NONE : entries[slot(key, hash) + 1];
    }

    private static long hash(long key) {
        return key * 0x9E3779B97F4A7C15L;
    }

    private int slot(long key, long hash) {
        int mask = entries.length - 1;
        int slot = (int) (hash >>> shift) << 1;
        while (entries[slot] != key && entries[slot] != -1) {
            slot = (slot + 2) & mask;
        }
        return slot;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
