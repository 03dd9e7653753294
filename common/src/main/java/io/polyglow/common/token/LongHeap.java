package io.polyglow.common.token;

import java.util.Arrays;

/** A binary min-heap of longs that keeps its memory when cleared. */
final class LongHeap {
    private long[] values = new long[64];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void push(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size + (size >> 1));
        }
        int at = size++;
        while (at > 0 && values[(at - 1) >> 1] > value) {
            values[at] = values[(at - 1) >> 1];
            at = (at - 1) >> 1;
        }
        values[at] = value;
    }

    long pop() {
        long least = values[0];
        long last = values[--size];
        int at = 0;
        for (int child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && values[child + 1] < values[child]) {
                child++;
            }
            if (values[child] >= last) {
                break;
            }
            values[at] = values[child];
            at = child;
        }
        values[at] = last;
        return least;
    }
}
