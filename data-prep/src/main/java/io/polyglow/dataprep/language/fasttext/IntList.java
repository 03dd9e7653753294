package io.polyglow.dataprep.language.fasttext;

import java.util.Arrays;

/** Ints in a growing array. */
final class IntList {
    private int[] values = new int[256];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    int get(int index) {
        return values[index];
    }

    int size() {
        return size;
    }
}
