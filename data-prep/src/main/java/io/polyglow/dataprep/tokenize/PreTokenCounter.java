package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.PreTokenPattern;
import java.util.Arrays;

/**
 * Counts pre-tokens the way the Hugging Face trainer feeds files: line by line, each with its line feed, so that no pre-token spans lines. (At encode
 * time they may.) Holds every distinct pre-token once, in one block of bytes found through an open-addressing table, so a pre-token that was seen before
 * costs no allocation; a caller with much text drains it whenever {@link #size} or {@link #bytes} passes a bound. For one thread.
 */
public final class PreTokenCounter {
    private static final int FIRST_CAPACITY = 1 << 10;

    private final PreTokenPattern pattern;
    private byte[] text = new byte[16 * FIRST_CAPACITY];
    private int[] ends = new int[FIRST_CAPACITY];
    private int[] hashes = new int[FIRST_CAPACITY];
    private long[] counts = new long[FIRST_CAPACITY];
    private int[] slots = new int[2 * FIRST_CAPACITY];
    private int size;

    /** Counts what {@code pattern} cuts. */
    public PreTokenCounter(PreTokenPattern pattern) {
        this.pattern = pattern;
    }

    /** Counts the pre-tokens of a text, which begins and ends lines. */
    public void add(byte[] utf8, int offset, int length) {
        add(utf8, offset, length, 1);
    }

    /** The same, each pre-token {@code weight} times. */
    public void add(byte[] utf8, int offset, int length, long weight) {
        int limit = offset + length;
        for (int start = offset, end; start < limit; start = end) {
            end = lineEnd(utf8, start, limit);
            for (int at = start, next; at < end; at = next) {
                next = pattern.end(utf8, at, end);
                int index = indexOf(utf8, at, next);
                counts[index] += weight;
            }
        }
    }

    /** Number of distinct pre-tokens held. */
    public int size() {
        return size;
    }

    /** Their bytes together. */
    public int bytes() {
        return start(size);
    }

    /** Hands all counts over and forgets them. */
    public void drainTo(PreTokenSink sink) {
        for (int i = 0; i < size; i++) {
            sink.add(Arrays.copyOfRange(text, start(i), ends[i]), counts[i]);
        }
        Arrays.fill(slots, 0);
        size = 0;
    }

    private int indexOf(byte[] utf8, int start, int end) {
        int hash = hash(utf8, start, end);
        int mask = slots.length - 1;
        int slot = hash & mask;
        for (; slots[slot] != 0; slot = (slot + 1) & mask) {
            int index = slots[slot] - 1;
            if (hashes[index] == hash && Arrays.equals(text, start(index), ends[index], utf8, start, end)) {
                return index;
            }
        }
        grow(end - start);
        System.arraycopy(utf8, start, text, start(size), end - start);
        ends[size] = start(size) + end - start;
        hashes[size] = hash;
        counts[size] = 0;
        place(hash, size);
        return size++;
    }

    private void grow(int more) {
        int needed = Math.addExact(start(size), more);
        if (needed > text.length) {
            text = Arrays.copyOf(text, (int) Math.min(Integer.MAX_VALUE - 16, Math.max(needed, 2L * text.length)));
        }
        if (size == ends.length) {
            ends = Arrays.copyOf(ends, 2 * size);
            hashes = Arrays.copyOf(hashes, 2 * size);
            counts = Arrays.copyOf(counts, 2 * size);
            slots = new int[4 * size];
            for (int i = 0; i < size; i++) {
                place(hashes[i], i);
            }
        }
    }

    private void place(int hash, int index) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = index + 1;
    }

    private int start(int index) {
        return index == 0 ? 0 : ends[index - 1];
    }

    private static int hash(byte[] utf8, int start, int end) {
        int hash = end - start;
        for (int i = start; i < end; i++) {
            hash = hash * 31 + utf8[i];
        }
        hash *= 0x9E3779B9;
        return hash ^ (hash >>> 15);
    }

    private static int lineEnd(byte[] utf8, int start, int limit) {
        int end = start;
        while (end < limit && utf8[end] != '\n') {
            end++;
        }
        return Math.min(end + 1, limit);
    }
}
