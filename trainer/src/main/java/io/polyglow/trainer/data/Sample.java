package io.polyglow.trainer.data;

import io.polyglow.common.token.shard.SplitIndex;
import java.util.Arrays;

/** The tokens of one sample as ranges of a split, in order; reused from sample to sample. For one thread. */
public final class Sample {
    private long[] firstTokens = new long[8];
    private int[] lengths = new int[8];
    private int pieces;
    private int tokens;
    private boolean isolated;

    /** Begins anew; {@code isolated} when no range may see another. */
    void clear(boolean isolated) {
        this.isolated = isolated;
        pieces = 0;
        tokens = 0;
    }

    void add(long firstToken, int length) {
        if (pieces == lengths.length) {
            firstTokens = Arrays.copyOf(firstTokens, 2 * pieces);
            lengths = Arrays.copyOf(lengths, 2 * pieces);
        }
        firstTokens[pieces] = firstToken;
        lengths[pieces++] = length;
        tokens += length;
    }

    /** Adds {@code [first, first + length)}, a range for each document in it. */
    void addByDocument(SplitIndex split, long first, int length) {
        long end = first + length;
        for (long at = first; at < end; ) {
            long next = Math.min(end, split.documentStart(split.documentAt(at) + 1));
            add(at, (int) (next - at));
            at = next;
        }
    }

    /** Whether no range sees another: attention stays inside each, and its first token is nobody's target. */
    public boolean isolated() {
        return isolated;
    }

    /** Number of tokens that are predicted. */
    public int targets() {
        return Math.max(0, isolated ? tokens - pieces : tokens - 1);
    }

    /** Number of ranges. */
    public int pieces() {
        return pieces;
    }

    /** First token of a range. */
    public long firstToken(int piece) {
        return firstTokens[piece];
    }

    /** Tokens of a range. */
    public int length(int piece) {
        return lengths[piece];
    }

    /** Tokens of all ranges, at most T + 1. */
    public int tokens() {
        return tokens;
    }
}
