package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;

/** An immutable list of pairs of ints. */
public final class IntPairs {
    private final int[] values;

    /** The pairs {@code (values[0], values[1]), (values[2], values[3]) ...}. */
    public IntPairs(IntArrayList values) {
        this.values = values.toIntArray();
    }

    /** Number of pairs. */
    public int size() {
        return values.length / 2;
    }

    /** The first of pair {@code index}. */
    public int left(int index) {
        return values[2 * index];
    }

    /** The second of pair {@code index}. */
    public int right(int index) {
        return values[2 * index + 1];
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IntPairs that && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }
}
