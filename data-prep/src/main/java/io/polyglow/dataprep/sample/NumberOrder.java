package io.polyglow.dataprep.sample;

import io.polyglow.common.rng.RandomStream;

/**
 * A seeded order of the numbers [0, size) in constant memory: a Feistel network on the next even number of bits, walked until it
 * lands inside (Black and Rogaway 2002).
 */
final class NumberOrder {
    private static final int ROUNDS = 4;

    private final long size;
    private final int halfBits;
    private final long[] keys = new long[ROUNDS];

    NumberOrder(long size, long seed) {
        this.size = size;
        this.halfBits = Math.max(1, (65 - Long.numberOfLeadingZeros(size - 1)) / 2);
        RandomStream random = RandomStream.of(seed, "sample-order", 0);
        for (int i = 0; i < ROUNDS; i++) {
            keys[i] = random.nextLong();
        }
    }

    /** The number at {@code index}; each number in [0, size) stands at exactly one index. */
    long at(long index) {
        long n = index;
        do {
            n = permute(n);
        } while (n >= size);
        return n;
    }

    private long permute(long n) {
        long mask = (1L << halfBits) - 1;
        long left = n >>> halfBits;
        long right = n & mask;
        for (long key : keys) {
            long next = left ^ (mix(right + key) & mask);
            left = right;
            right = next;
        }
        return (left << halfBits) | right;
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
