package io.polyglow.dataprep.dedup;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The set of a text's shingles: hashes of all runs of {@value #WORDS} words or, where most of the text is in scripts without spaces, of
 * {@value #CHARACTERS} characters (NeMo Curator's length; Latin words among them count as one character). A shorter text has one shingle, itself; a text
 * without words has none. 64 bits of hash: two different shingles of a pair of documents are equal by accident once in 10^12 pairs.
 */
public final class Shingles {
    /** Words of a shingle. */
    public static final int WORDS = 5;

    /** Characters of a shingle in scripts without spaces. */
    public static final int CHARACTERS = 24;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Shingles() {}

    /** Distinct hashes in ascending order. */
    public static long[] of(SimplifiedText text) {
        int units = text.units();
        if (units == 0) {
            return new long[0];
        }
        int size = Math.min(units, text.isMostlyWordless() ? CHARACTERS : WORDS);
        long[] hashes = new long[units - size + 1];
        for (int i = 0; i < hashes.length; i++) {
            hashes[i] = text.hash(i, i + size, 0);
        }
        Arrays.sort(hashes);
        return distinct(hashes);
    }

    private static long[] distinct(long[] sorted) {
        int count = 1;
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] != sorted[count - 1]) {
                sorted[count++] = sorted[i];
            }
        }
        return count == sorted.length ? sorted : Arrays.copyOf(sorted, count);
    }

    /** The set as bytes: each hash in 8, little-endian, ascending. */
    public static byte[] toBytes(long[] shingles) {
        byte[] bytes = new byte[shingles.length * Long.BYTES];
        for (int i = 0; i < shingles.length; i++) {
            LONGS.set(bytes, i * Long.BYTES, shingles[i]);
        }
        return bytes;
    }

    /** The true Jaccard similarity of two sets as {@link #toBytes} gives them; 0 when both are empty. */
    public static double jaccard(byte[] a, byte[] b) {
        int common = 0;
        int i = 0;
        int j = 0;
        while (i < a.length && j < b.length) {
            long x = (long) LONGS.get(a, i);
            long y = (long) LONGS.get(b, j);
            common += x == y ? 1 : 0;
            i += x <= y ? Long.BYTES : 0;
            j += y <= x ? Long.BYTES : 0;
        }
        int union = (a.length + b.length) / Long.BYTES - common;
        return union == 0 ? 0 : (double) common / union;
    }

    /** The largest similarity that sets of these sizes can have. */
    public static double bound(int sizeA, int sizeB) {
        return (double) Math.min(sizeA, sizeB) / Math.max(1, Math.max(sizeA, sizeB));
    }
}
