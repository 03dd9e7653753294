package io.polyglow.common.rng;

import java.nio.charset.StandardCharsets;

/**
 * A named stream of random numbers. Value {@code i} of a stream depends on (seed, purpose, step, i) alone, never on who asks or in which order other
 * streams are read, so any rank can draw any part: {@link #seek}. Integer arithmetic and {@link StrictMath} only, hence the same bits on every
 * platform; golden values are pinned by tests, and changing them breaks every existing run.
 *
 * <p>One word is one 64-bit value. {@link #nextLong}, {@link #nextDouble} use one word, {@link #nextGaussian} two, {@link #nextInt} one or, rarely, more.
 *
 * <p>Not safe for use by several threads; a stream is cheap, make one per thread.
 */
public final class RandomStream {
    private static final double DOUBLE_UNIT = 0x1.0p-53;

    private final long key;
    private final long step;
    private final long[] block = new long[2];
    private long position;

    private RandomStream(long key, long step) {
        this.key = key;
        this.step = step;
    }

    /** The stream for one purpose, such as {@code "data-order"} or {@code "init:h.0.attn.weight"}, at one step (0 where steps mean nothing). */
    public static RandomStream of(long seed, String purpose, long step) {
        return new RandomStream(mix(seed ^ mix(hash(purpose))), step);
    }

    /** Moves to word {@code index >= 0}. */
    public void seek(long index) {
        position = index;
        if ((index & 1) == 1) {
            Philox.block(key, index >> 1, step, block);
        }
    }

    /** Uniform over all 64-bit values. */
    public long nextLong() {
        int half = (int) (position & 1);
        if (half == 0) {
            Philox.block(key, position >> 1, step, block);
        }
        position++;
        return block[half];
    }

    /** Uniform over {@code [0, bound)}, without bias (Lemire 2019); {@code bound >= 1}. */
    public int nextInt(int bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("bound " + bound + " < 1");
        }
        long product = (nextLong() >>> 32) * bound;
        if ((product & 0xFFFFFFFFL) < bound) {
            long threshold = (1L << 32) % bound;
            while ((product & 0xFFFFFFFFL) < threshold) {
                product = (nextLong() >>> 32) * bound;
            }
        }
        return (int) (product >>> 32);
    }

    /** Uniform over {@code [0, 1)}, a multiple of 2^-53. */
    public double nextDouble() {
        return (nextLong() >>> 11) * DOUBLE_UNIT;
    }

    /** Normal with mean 0 and variance 1 (Box and Muller 1958). */
    public double nextGaussian() {
        double radius = StrictMath.sqrt(-2.0 * StrictMath.log(1.0 - nextDouble()));
        return radius * StrictMath.cos(2.0 * Math.PI * nextDouble());
    }

    /** FNV-1a over the UTF-8 bytes. */
    private static long hash(String purpose) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : purpose.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
