package io.polyglow.dataprep.language;

import java.util.Arrays;
import java.util.Map;
import opennlp.tools.ml.model.Context;

/**
 * A maximum entropy model over the different n-grams of a text, n from one to three UTF-16 units, as OpenNLP trains them: each n-gram that the text has adds its weights to the
 * languages' scores, once. The same sums as {@code GISModel.eval}, in another order, from flat tables instead of a map of strings, which takes a twentieth of the time. Immutable.
 */
final class NGramScores {
    private static final int LONGEST = 3;

    private final long[] keys;
    private final int[] features;
    private final int[] ends;
    private final short[] languages;
    private final double[] weights;
    private final int languageCount;
    /** Where the n-gram's row begins in {@link #rows}, or -1 for one that speaks for few languages. */
    private final int[] rowOf;

    private final double[] rows;

    /** Lays out the weights of a model: frequent n-grams speak for most languages and get a row of all of them, which adds up fastest; others a list. N-grams longer than three units never match. */
    NGramScores(Map<String, Context> contexts, int languageCount) {
        this.languageCount = languageCount;
        int slots = Integer.highestOneBit(Math.max(1, contexts.size())) << 2;
        keys = new long[slots];
        features = new int[slots];
        ends = new int[contexts.size() + 1];
        int total = contexts.values().stream()
                .mapToInt(context -> context.getOutcomes().length)
                .sum();
        languages = new short[total];
        weights = new double[total];
        rowOf = new int[contexts.size()];
        rows = new double
                [Math.toIntExact(languageCount
                        * contexts.values().stream().filter(this::speaksForMost).count())];
        int feature = 0;
        int at = 0;
        int row = 0;
        for (Map.Entry<String, Context> entry : contexts.entrySet()) {
            String ngram = entry.getKey();
            if (ngram.isEmpty() || ngram.length() > LONGEST) {
                continue;
            }
            int[] outcomes = entry.getValue().getOutcomes();
            double[] parameters = entry.getValue().getParameters();
            rowOf[feature] = speaksForMost(entry.getValue()) ? row : -1;
            for (int i = 0; i < outcomes.length; i++) {
                if (rowOf[feature] >= 0) {
                    rows[row + outcomes[i]] = parameters[i];
                } else {
                    languages[at] = (short) outcomes[i];
                    weights[at++] = parameters[i];
                }
            }
            row += rowOf[feature] >= 0 ? languageCount : 0;
            int slot = slot(key(ngram, 0, ngram.length()));
            keys[slot] = key(ngram, 0, ngram.length());
            features[slot] = feature++;
            ends[feature] = at;
        }
    }

    private boolean speaksForMost(Context context) {
        return context.getOutcomes().length > languageCount / 2;
    }

    private static long key(CharSequence text, int start, int end) {
        long key = 1;
        for (int i = start; i < end; i++) {
            key = (key << Character.SIZE) | text.charAt(i);
        }
        return key;
    }

    /** Where the key is, or may be put. */
    private int slot(long key) {
        int mask = keys.length - 1;
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 40) & mask;
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** Scores texts; for one thread. */
    final class Scorer {
        private final int[] seenIn = new int[ends.length - 1];
        private final double[] sums = new double[languageCount];
        private int text;
        private boolean any;

        /** Sums of weights by language, overwritten by the next call. */
        double[] score(char[] units, int length) {
            Arrays.fill(sums, 0);
            any = false;
            text++;
            for (int i = 0; i < length; i++) {
                long key = 1;
                for (int j = i; j < Math.min(length, i + LONGEST); j++) {
                    key = (key << Character.SIZE) | units[j];
                    add(key);
                }
            }
            return sums;
        }

        /** Whether the last text had an n-gram of the model. */
        boolean foundAny() {
            return any;
        }

        private void add(long key) {
            int slot = slot(key);
            if (keys[slot] == 0) {
                return;
            }
            int feature = features[slot];
            if (seenIn[feature] == text) {
                return;
            }
            seenIn[feature] = text;
            any = true;
            if (rowOf[feature] >= 0) {
                addRow(rowOf[feature]);
            } else {
                for (int i = ends[feature]; i < ends[feature + 1]; i++) {
                    sums[languages[i]] += weights[i];
                }
            }
        }

        private void addRow(int start) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += rows[start + i];
            }
        }
    }
}
