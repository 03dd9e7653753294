package io.polyglow.dataprep.filter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Repeated n-grams of the words of one document, as datatrove's {@code gopher_repetition_filter.py} counts them, by hashes and without building any text.
 *
 * <p>At most the first {@value #MAX_WORDS} words are looked at, which bounds memory; a document with more is measured by its beginning.
 */
final class NGrams {
    /** Ten times what Gopher's longest document may have. */
    static final int MAX_WORDS = 1 << 20;

    private final HashCounter counter = new HashCounter();
    private long[] joined = new long[1 << 10];
    private long[] spaced = new long[1 << 10];
    private int[] units = new int[1 << 10];
    private int[] chars = new int[1 << 10];
    private int size;

    void clear() {
        size = 0;
    }

    /** Adds the next word. */
    void add(long hash, int wordUnits, int wordChars) {
        if (size == MAX_WORDS) {
            return;
        }
        if (size + 1 == units.length) {
            int larger = 2 * units.length;
            joined = Arrays.copyOf(joined, larger);
            spaced = Arrays.copyOf(spaced, larger);
            units = Arrays.copyOf(units, larger);
            chars = Arrays.copyOf(chars, larger);
        }
        joined[size + 1] = Hash61.append(joined[size], hash, wordUnits);
        spaced[size + 1] = Hash61.append(Hash61.append(spaced[size], hash, wordUnits), ' ');
        units[size + 1] = units[size] + wordUnits;
        chars[size + 1] = chars[size] + wordChars;
        size++;
    }

    /** {@link #topChars} for each n, over the characters of the text. */
    List<Double> topShares(int from, int to, int textChars) {
        List<Double> shares = new ArrayList<>();
        for (int n = from; n <= to; n++) {
            shares.add(Ratio.of(topChars(n), textChars));
        }
        return shares;
    }

    /** {@link #duplicateChars} for each n, over the characters of the text. */
    List<Double> duplicateShares(int from, int to, int textChars) {
        List<Double> shares = new ArrayList<>();
        for (int n = from; n <= to; n++) {
            shares.add(Ratio.of(duplicateChars(n), textChars));
        }
        return shares;
    }

    /** Characters of the most frequent n-gram, joined by spaces, times how often it occurs; of equally frequent ones the first counts. */
    private long topChars(int n) {
        int grams = size - n + 1;
        counter.reset(size);
        int most = 0;
        int first = 0;
        for (int i = 0; i < grams; i++) {
            int slot = counter.add(Hash61.suffix(spaced[i + n], spaced[i], units[i + n] - units[i] + n), i);
            int count = counter.count(slot);
            if (count > most || (count == most && counter.first(slot) < first)) {
                most = count;
                first = counter.first(slot);
            }
        }
        return most == 0 ? 0 : (long) most * (chars[first + n] - chars[first] + n - 1);
    }

    /** Characters in n-grams that have come before, joined without spaces; a repeated n-gram is stepped over as a whole. */
    private long duplicateChars(int n) {
        counter.reset(size);
        long repeated = 0;
        int i = 0;
        while (i <= size - n) {
            boolean seen = counter.addSeen(Hash61.suffix(joined[i + n], joined[i], units[i + n] - units[i]));
            repeated += seen ? chars[i + n] - chars[i] : 0;
            i += seen ? n : 1;
        }
        return repeated;
    }
}
