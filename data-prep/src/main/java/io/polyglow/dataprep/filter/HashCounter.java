package io.polyglow.dataprep.filter;

import java.util.Arrays;

/**
 * Counts hashes and remembers where each came first, by open addressing. At most {@value #MAX_DIFFERENT} different hashes are remembered, which bounds memory at
 * 64 MiB; further ones count as new each time. Its arrays are kept from one document to the next.
 */
final class HashCounter {
    static final int MAX_DIFFERENT = 1 << 20;

    private static final int MIN_SLOTS = 1 << 8;

    private long[] keys = new long[MIN_SLOTS];
    private int[] counts = new int[MIN_SLOTS];
    private int[] firsts = new int[MIN_SLOTS];
    private int slots = MIN_SLOTS;
    private int different;

    /** Forgets everything, and makes room for so many different hashes at once; more may come. */
    void reset(int expected) {
        int room = Integer.highestOneBit(Math.min(expected, MAX_DIFFERENT)) << 2;
        slots = Math.max(MIN_SLOTS, Math.min(room, 2 * MAX_DIFFERENT));
        different = 0;
        if (keys.length < slots) {
            keys = new long[slots];
            counts = new int[slots];
            firsts = new int[slots];
        } else {
            Arrays.fill(counts, 0, slots, 0);
        }
    }

    /** Counts a hash that stands at {@code place}; returns the slot that knows of it until the next call, or -1 when there is no room. */
    int add(long hash, int place) {
        if (2 * different >= slots && different < MAX_DIFFERENT) {
            grow();
        }
        int slot = find(hash);
        if (counts[slot] == 0) {
            if (different == MAX_DIFFERENT) {
                return -1;
            }
            different++;
            keys[slot] = hash;
            firsts[slot] = place;
        }
        counts[slot]++;
        return slot;
    }

    /** Counts a hash; whether it had been there before. */
    boolean addSeen(long hash) {
        int slot = add(hash, 0);
        return slot >= 0 && counts[slot] > 1;
    }

    /** How often the hash of a slot has come; once when there was no room for it. */
    int count(int slot) {
        return slot < 0 ? 1 : counts[slot];
    }

    /** Where the hash of a slot came first. */
    int first(int slot) {
        return slot < 0 ? Integer.MAX_VALUE : firsts[slot];
    }

    private int find(long hash) {
        int mask = slots - 1;
        int slot = (int) (hash ^ (hash >>> 32)) & mask;
        while (counts[slot] != 0 && keys[slot] != hash) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        long[] oldKeys = Arrays.copyOf(keys, slots);
        int[] oldCounts = Arrays.copyOf(counts, slots);
        int[] oldFirsts = Arrays.copyOf(firsts, slots);
        slots *= 2;
        if (keys.length < slots) {
            keys = new long[slots];
            counts = new int[slots];
            firsts = new int[slots];
        } else {
            Arrays.fill(counts, 0, slots, 0);
        }
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldCounts[i] != 0) {
                int slot = find(oldKeys[i]);
                keys[slot] = oldKeys[i];
                counts[slot] = oldCounts[i];
                firsts[slot] = oldFirsts[i];
            }
        }
    }
}
