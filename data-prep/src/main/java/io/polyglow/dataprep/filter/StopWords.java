package io.polyglow.dataprep.filter;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The stop words of a language, found by the hash that every word has anyway. Immutable. */
final class StopWords {
    /** Of a language without a list. */
    static final StopWords NONE = new StopWords(List.of());

    private final Map<Long, Integer> indexes = new HashMap<>();

    StopWords(List<String> words) {
        words.forEach(word -> indexes.putIfAbsent(Hash61.of(word, 0, word.length()), indexes.size()));
    }

    /** Counts in one document. */
    Counter counter() {
        return new Counter();
    }

    /** Which of the words have been seen. */
    final class Counter {
        private final BitSet seen = new BitSet();

        void see(long hash) {
            if (indexes.isEmpty()) {
                return;
            }
            Integer index = indexes.get(hash);
            if (index != null) {
                seen.set(index);
            }
        }

        /** How many different ones; -1 when the language has no list. */
        int different() {
            return indexes.isEmpty() ? -1 : seen.cardinality();
        }
    }
}
