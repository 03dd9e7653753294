package io.polyglow.dataprep.dedup;

import io.polyglow.common.rng.RandomStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * MinHash signatures (Broder 1997) and their bands (locality-sensitive hashing, Indyk and Motwani 1998). Value {@code i} of a signature is the smallest of
 * {@code (a_i x + b_i) mod (2^61 - 1)} over a text's shingles {@code x}, of which the low 32 bits are kept, as datatrove does; two texts of Jaccard
 * similarity {@code s} agree in it with probability {@code s}. Two texts are candidates when all rows of at least one band agree: with probability
 * {@code 1 - (1 - s^rows)^bands}.
 *
 * <p>The permutations come from a stream of their own, pinned by a test: signatures are comparable between corpora and releases. Immutable.
 */
public final class MinHash {
    private static final long PRIME = (1L << 61) - 1;
    private static final long SEED = 1;
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final int bands;
    private final int rows;
    private final long[] a;
    private final long[] b;

    /** Signatures of {@code bands * rows} values; both at least 1. */
    public MinHash(int bands, int rows) {
        this.bands = bands;
        this.rows = rows;
        this.a = new long[bands * rows];
        this.b = new long[bands * rows];
        RandomStream stream = RandomStream.of(SEED, "minhash", 0);
        for (int i = 0; i < a.length; i++) {
            a[i] = 1 + below(stream, PRIME - 1);
            b[i] = below(stream, PRIME);
        }
    }

    private static long below(RandomStream stream, long bound) {
        long value;
        do {
            value = stream.nextLong() >>> 3;
        } while (value >= bound);
        return value;
    }

    /** Number of bands. */
    public int bands() {
        return bands;
    }

    /** The chance that two texts of this similarity become candidates. */
    public double recall(double similarity) {
        return 1 - Math.pow(1 - Math.pow(similarity, rows), bands);
    }

    /** The signature of a set that is not empty: {@code bands * rows} values of 4 bytes, little-endian, band after band. */
    public byte[] signature(long[] shingles) {
        long[] points = new long[shingles.length];
        for (int i = 0; i < points.length; i++) {
            points[i] = shingles[i] >>> 3;
        }
        byte[] signature = new byte[a.length * Integer.BYTES];
        for (int i = 0; i < a.length; i++) {
            INTS.set(signature, i * Integer.BYTES, (int) smallest(points, a[i], b[i]));
        }
        return signature;
    }

    /** The product of two 61-bit numbers is folded at bit 61, since 2^61 is 1 modulo the prime. */
    private static long smallest(long[] points, long a, long b) {
        long smallest = Long.MAX_VALUE;
        for (long x : points) {
            long low = a * x;
            long sum = (low & PRIME) + (Math.multiplyHigh(a, x) << 3 | low >>> 61) + b;
            long folded = (sum & PRIME) + (sum >>> 61);
            smallest = Math.min(smallest, folded >= PRIME ? folded - PRIME : folded);
        }
        return smallest;
    }

    /** What two texts must share to be candidates through one band: xxHash64 of the band's rows, the band's number as seed. */
    public long band(byte[] signature, int band) {
        int bytes = rows * Integer.BYTES;
        return XxHash64.hash(signature, band * bytes, (band + 1) * bytes, band);
    }
}
