package io.polyglow.dataprep.filter;

/**
 * Polynomial hashes of texts modulo the Mersenne prime 2^61 - 1: the hash of two texts one after the other follows from theirs, so that n-grams need not be built
 * to be compared. Two different texts of n units collide with probability at most n / 2^61 for a base drawn at random; the base here is fixed, so results are
 * the same everywhere.
 */
final class Hash61 {
    private static final long PRIME = (1L << 61) - 1;
    private static final long BASE = 0x16a09e667f3bcc9L;
    private static final long[] POWERS = new long[1 << 12];

    static {
        POWERS[0] = 1;
        for (int i = 1; i < POWERS.length; i++) {
            POWERS[i] = multiply(POWERS[i - 1], BASE);
        }
    }

    private Hash61() {}

    /** The hash of a text and one more unit. */
    static long append(long hash, char unit) {
        return add(multiply(hash, BASE), unit + 1L);
    }

    /** The hash of two texts, the second of {@code units}. */
    static long append(long hash, long second, int units) {
        return add(multiply(hash, power(units)), second);
    }

    /** The hash of what {@code whole} has after {@code start}, which is {@code units} long. */
    static long suffix(long whole, long start, int units) {
        long difference = whole - multiply(start, power(units));
        return difference < 0 ? difference + PRIME : difference;
    }

    static long of(CharSequence text, int start, int end) {
        long hash = 0;
        for (int i = start; i < end; i++) {
            hash = append(hash, text.charAt(i));
        }
        return hash;
    }

    private static long power(int exponent) {
        if (exponent < POWERS.length) {
            return POWERS[exponent];
        }
        long half = power(exponent / 2);
        long square = multiply(half, half);
        return exponent % 2 == 0 ? square : multiply(square, BASE);
    }

    private static long add(long a, long b) {
        long sum = a + b;
        return sum >= PRIME ? sum - PRIME : sum;
    }

    private static long multiply(long a, long b) {
        long low = a * b;
        return add(low & PRIME, (low >>> 61) | (Math.multiplyHigh(a, b) << 3));
    }
}
