package io.polyglow.common.token;

/**
 * The definition of BPE as a program: merges the pair of lowest rank, the leftmost among equals, until none is left. O(n^2), so only for short
 * pieces; texts are encoded by {@link PieceEncoder} and {@link SymbolMerger}. Scratch memory for one thread.
 */
final class PieceMerger {
    private final MergeTable merges;
    private long[] pairs = new long[64];
    private int[] ids = new int[64];

    PieceMerger(MergeTable merges) {
        this.merges = merges;
    }

    /** The array to fill with {@code length} byte ids before {@link #merge}, and that has the result after it. */
    int[] symbols(int length) {
        if (ids.length < length) {
            ids = new int[length];
        }
        return ids;
    }

    /** Merges the first {@code length} symbols; answers how many are left. */
    int merge(int length) {
        return merge(ids, length);
    }

    /** As {@link #merge(int)}, with symbols of the caller's. {@code pairs[i]} is the merge of symbols i and i + 1. */
    int merge(int[] symbols, int length) {
        if (pairs.length < length) {
            pairs = new long[length];
        }
        for (int i = 0; i + 1 < length; i++) {
            pairs[i] = merges.find(symbols[i], symbols[i + 1]);
        }
        int count = length;
        for (int at = lowest(count - 1); at >= 0; at = lowest(count - 1)) {
            symbols[at] = (int) pairs[at];
            count--;
            System.arraycopy(symbols, at + 2, symbols, at + 1, count - at - 1);
            if (at + 1 < count) {
                System.arraycopy(pairs, at + 1, pairs, at, count - at - 1);
                pairs[at] = merges.find(symbols[at], symbols[at + 1]);
            }
            if (at > 0) {
                pairs[at - 1] = merges.find(symbols[at - 1], symbols[at]);
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
}
