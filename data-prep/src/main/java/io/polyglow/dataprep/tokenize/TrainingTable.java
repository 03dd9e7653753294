package io.polyglow.dataprep.tokenize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The (pre-token, count) table as one block of bytes, sorted and each pre-token once, so that whatever is computed from it does not depend on the order in which
 * it came.
 */
final class TrainingTable {
    private static final int MAX_BYTES = Integer.MAX_VALUE - 16;

    private static final class Entry {
        final byte[] word;
        final long count;

        Entry(byte[] word, long count) {
            this.word = word;
            this.count = count;
        }
    }

    private final byte[] text;
    private final int[] starts;
    private final long[] counts;

    private TrainingTable(byte[] text, int[] starts, long[] counts) {
        this.text = text;
        this.starts = starts;
        this.counts = counts;
    }

    /** Collects rows. */
    static final class Builder {
        private final List<Entry> entries = new ArrayList<>();
        private long bytes;

        void add(byte[] word, long count) {
            bytes += word.length;
            if (bytes > MAX_BYTES) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "The distinct pre-tokens of this corpus have more than " + MAX_BYTES
                                + " bytes, more than one trainer holds. Lower tokenizer.max-pre-tokens.");
            }
            entries.add(new Entry(word, count));
        }

        TrainingTable build() {
            entries.sort(Comparator.comparing((Entry entry) -> entry.word, Arrays::compareUnsigned));
            byte[] text = new byte[(int) bytes];
            int[] starts = new int[entries.size() + 1];
            long[] counts = new long[entries.size()];
            int words = 0;
            byte[] before = null;
            for (Entry entry : entries) {
                if (before == null || !Arrays.equals(before, entry.word)) {
                    System.arraycopy(entry.word, 0, text, starts[words], entry.word.length);
                    starts[++words] = starts[words - 1] + entry.word.length;
                }
                counts[words - 1] += entry.count;
                before = entry.word;
            }
            return new TrainingTable(
                    Arrays.copyOf(text, starts[words]), Arrays.copyOf(starts, words + 1), Arrays.copyOf(counts, words));
        }
    }

    int words() {
        return counts.length;
    }

    /** All words, one after another. */
    byte[] text() {
        return text;
    }

    int start(int word) {
        return starts[word];
    }

    int end(int word) {
        return starts[word + 1];
    }

    long count(int word) {
        return counts[word];
    }
}
