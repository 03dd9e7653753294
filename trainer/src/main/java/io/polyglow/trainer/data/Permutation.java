package io.polyglow.trainer.data;

import io.polyglow.common.rng.RandomStream;

/**
 * A pseudo-random bijection of {@code [0, size)} without a table: a Feistel network on the smallest even number of bits that holds
 * the range, walked until the value falls inside it (Black and Rogaway 2002). Fewer than four rounds of the network are expected
 * for each value.
 */
final class Permutation {
    private static final int ROUNDS = 6;

    private final long size;
    private final int halfBits;
    private final long mask;
    private final long[] keys = new long[ROUNDS];

    Permutation(long size, RandomStream random) {
        if (size < 1) {
            throw new IllegalArgumentException("permutation of " + size + " values");
        }
        this.size = size;
        this.halfBits = Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(size - 1) + 1) / 2);
        this.mask = (1L << halfBits) - 1;
        for (int i = 0; i < ROUNDS; i++) {
            keys[i] = random.nextLong();
        }
    }

    /** The image of {@code index}. */
    long apply(long index) {
        long x = encrypt(index);
        while (x >= size) {
            x = encrypt(x);
        }
        return x;
    }

    private long encrypt(long x) {
        long left = x >>> halfBits;
        long right = x & mask;
        for (long key : keys) {
            long next = left ^ (mix(right + key) & mask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
