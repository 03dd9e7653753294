package io.polyglow.common.token;

import org.agrona.collections.IntArrayList;

/**
 * Merges the symbols of one pre-token: always the pair of lowest rank, the leftmost among equals. Short pieces by {@link PieceMerger}, long ones
 * by a heap of (rank, position) over a linked list, O(n log n), so that a pre-token of megabytes is no trap. Scratch memory for one thread.
 */
final class SymbolMerger {
    /** Up to here the quadratic scan is faster than the heap. */
    private static final int SHORT = 64;

    private final MergeTable merges;
    private final PieceMerger shortPieces;
    private final LongHeap heap = new LongHeap();
    private int[] ids = new int[SHORT];
    private int[] previous = {};
    private int[] next = {};

    SymbolMerger(MergeTable merges) {
        this.merges = merges;
        shortPieces = new PieceMerger(merges);
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
        int count = shortPieces.merge(ids, length);
        for (int i = 0; i < count; i++) {
            out.addInt(ids[i]);
        }
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
