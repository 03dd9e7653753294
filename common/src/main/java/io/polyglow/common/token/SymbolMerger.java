package io.polyglow.common.token;

import org.agrona.collections.IntArrayList;

/**
 * Merges the symbols of one pre-token: always the pair of lowest rank, the leftmost among equals. Short pieces by scanning, O(n^2) on a few dozen bytes;
 * long ones by a heap of (rank, position) over a linked list, O(n log n), so that a pre-token of megabytes is no trap. Scratch memory for one thread.
 */
final class SymbolMerger {
    /** Up to here the quadratic scan is faster than the heap. */
    private static final int SHORT = 64;

    private final MergeTable merges;
    private final long[] pairs = new long[SHORT];
    private final LongHeap heap = new LongHeap();
    private int[] ids = new int[SHORT];
    private int[] previous = {};
    private int[] next = {};

    SymbolMerger(MergeTable merges) {
        this.merges = merges;
    }

    /** The array to fill with {@code length} byte ids before {@link #merge}. */
    int[] symbols(int length) {
        if (ids.length < length) {
            ids = new int[length];
        }
        return ids;
    }

    /** Merges the first {@code length} symbols and appends the resulting ids. */
    void merge(int length, IntArrayList out) {
        if (length > SHORT) {
            mergeLong(length, out);
            return;
        }
        int count = mergeShort(length);
        for (int i = 0; i < count; i++) {
            out.addInt(ids[i]);
        }
    }

    /** {@code pairs[i]} is the merge of symbols i and i + 1. */
    private int mergeShort(int length) {
        for (int i = 0; i + 1 < length; i++) {
            pairs[i] = merges.find(ids[i], ids[i + 1]);
        }
        int count = length;
        for (int at = lowest(count - 1); at >= 0; at = lowest(count - 1)) {
            ids[at] = (int) pairs[at];
            count--;
            System.arraycopy(ids, at + 2, ids, at + 1, count - at - 1);
            if (at + 1 < count) {
                System.arraycopy(pairs, at + 1, pairs, at, count - at - 1);
                pairs[at] = merges.find(ids[at], ids[at + 1]);
            }
            if (at > 0) {
                pairs[at - 1] = merges.find(ids[at - 1], ids[at]);
            }
        }
        return count;
    }

    private int lowest(int count) {
        int best = -1;
        long lowest = MergeTable.NONE;
        for (int i = 0; i < count; i++) {
            if (pairs[i] < lowest) {
                lowest = pairs[i];
                best = i;
            }
        }
        return best;
    }

    private void mergeLong(int length, IntArrayList out) {
        link(length);
        for (int i = 0; i + 1 < length; i++) {
            pushPair(i);
        }
        while (!heap.isEmpty()) {
            long entry = heap.pop();
            int at = (int) entry;
            int right = ids[at] < 0 ? -1 : next[at];
            if (right < 0) {
                continue;
            }
            long pair = merges.find(ids[at], ids[right]);
            if (pair >>> 32 == entry >>> 32) {
                ids[at] = (int) pair;
                unlink(right);
                pushPair(at);
                pushPair(previous[at]);
            }
        }
        for (int at = 0; at >= 0; at = next[at]) {
            out.addInt(ids[at]);
        }
    }

    private void link(int length) {
        if (next.length < length) {
            next = new int[length];
            previous = new int[length];
        }
        for (int i = 0; i < length; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        next[length - 1] = -1;
    }

    private void unlink(int at) {
        ids[at] = -1;
        next[previous[at]] = next[at];
        if (next[at] >= 0) {
            previous[next[at]] = previous[at];
        }
    }

    private void pushPair(int at) {
        if (at >= 0 && next[at] >= 0) {
            long pair = merges.find(ids[at], ids[next[at]]);
            if (pair != MergeTable.NONE) {
                heap.push((pair & 0xFFFFFFFF_00000000L) | at);
            }
        }
    }
}
