package io.polyglow.dataprep.tokenize;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The Hugging Face trainer, step by step: words as lists, a queue as a list, sets of words beside each queued pair, nothing clever. The truth that
 * {@link BpeTrainer} is compared with; it shares no code with it.
 */
final class NaiveBpeTrainer {
    private record Pair(int left, int right) {}

    private static final class Queued {
        final Pair pair;
        final Set<Integer> words = new HashSet<>();
        long count;

        Queued(Pair pair) {
            this.pair = pair;
        }
    }

    private final List<String> tokens;
    private final List<List<Integer>> words = new ArrayList<>();
    private final List<Long> counts = new ArrayList<>();
    private final Map<Pair, Long> pairCounts = new LinkedHashMap<>();
    private final List<Queued> queue = new ArrayList<>();
    private final int maxLength;

    /** {@code alphabet} is in id order; words are spelled in it, a character a symbol. */
    NaiveBpeTrainer(List<String> alphabet, Map<String, Long> table, int maxLength) {
        this.tokens = new ArrayList<>(alphabet);
        this.maxLength = maxLength;
        table.forEach((word, count) -> {
            words.add(new ArrayList<>(word.chars()
                    .mapToObj(c -> tokens.indexOf(Character.toString(c)))
                    .toList()));
            counts.add(count);
        });
    }

    List<String> train(int vocabSize, long minFrequency) {
        Set<String> merges = new LinkedHashSet<>();
        Map<Pair, Queued> fresh = new LinkedHashMap<>();
        for (int w = 0; w < words.size(); w++) {
            for (int i = 0; i + 1 < words.get(w).size(); i++) {
                appear(fresh, new Pair(words.get(w).get(i), words.get(w).get(i + 1)), w);
            }
        }
        enqueue(fresh);
        while (tokens.size() < vocabSize) {
            Queued best = best();
            if (best == null || best.count < Math.max(1, minFrequency)) {
                break;
            }
            String merge = tokens.get(best.pair.left) + " " + tokens.get(best.pair.right);
            merges.remove(merge);
            merges.add(merge);
            enqueue(merge(best));
        }
        return List.copyOf(merges);
    }

    private Map<Pair, Queued> merge(Queued best) {
        String token = tokens.get(best.pair.left) + tokens.get(best.pair.right);
        if (!tokens.contains(token)) {
            tokens.add(token);
        }
        Map<Pair, Queued> fresh = new LinkedHashMap<>();
        best.words.forEach(word -> merge(best.pair, tokens.indexOf(token), word, fresh));
        return fresh;
    }

    private void merge(Pair pair, int merged, int word, Map<Pair, Queued> fresh) {
        List<Integer> symbols = words.get(word);
        for (int i = 0; i + 1 < symbols.size(); i++) {
            if (symbols.get(i) != pair.left || symbols.get(i + 1) != pair.right) {
                continue;
            }
            symbols.set(i, merged);
            symbols.remove(i + 1);
            if (i > 0) {
                change(new Pair(symbols.get(i - 1), pair.left), -counts.get(word));
                appearIfShort(fresh, new Pair(symbols.get(i - 1), merged), word);
            }
            if (i + 1 < symbols.size()) {
                change(new Pair(pair.right, symbols.get(i + 1)), -counts.get(word));
                appearIfShort(fresh, new Pair(merged, symbols.get(i + 1)), word);
            }
        }
    }

    private void appearIfShort(Map<Pair, Queued> fresh, Pair pair, int word) {
        if (tokens.get(pair.left).length() + tokens.get(pair.right).length() < maxLength) {
            appear(fresh, pair, word);
        }
    }

    private void appear(Map<Pair, Queued> fresh, Pair pair, int word) {
        change(pair, counts.get(word));
        fresh.computeIfAbsent(pair, Queued::new).words.add(word);
    }

    private void change(Pair pair, long by) {
        pairCounts.merge(pair, by, Long::sum);
    }

    private void enqueue(Map<Pair, Queued> fresh) {
        for (Queued each : fresh.values()) {
            each.count = pairCounts.getOrDefault(each.pair, 0L);
            if (each.count > 0) {
                queue.add(each);
            }
        }
    }

    private @Nullable Queued best() {
        while (!queue.isEmpty()) {
            Queued best = queue.get(0);
            for (Queued each : queue) {
                if (before(each, best)) {
                    best = each;
                }
            }
            long count = pairCounts.getOrDefault(best.pair, 0L);
            if (count == best.count) {
                queue.remove(best);
                return best;
            }
            best.count = count;
        }
        return null;
    }

    private static boolean before(Queued a, Queued b) {
        if (a.count != b.count) {
            return a.count > b.count;
        }
        return a.pair.left != b.pair.left ? a.pair.left < b.pair.left : a.pair.right < b.pair.right;
    }
}
