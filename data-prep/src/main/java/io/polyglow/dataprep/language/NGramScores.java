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
    private static final int LETTER_BITS = 12;
    private static final int FEATURE_BITS = 20;

    /** Numbers of the UTF-16 units that the model's n-grams have, from 1; 0 for all others. */
    private final short[] letters = new short[1 << Character.SIZE];
    /** An n-gram as numbers of its letters, above the number of its feature, from 1. A table of one array, since looking it up is what the time goes to. */
    private final long[] slots;

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
        numberLetters(contexts);
        slots = new long[Integer.highestOneBit(Math.max(1, contexts.size())) << 2];
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
            long key = key(ngram);
            slots[slot(key)] = (key << FEATURE_BITS) | ++feature;
            ends[feature] = at;
        }
    }

    private boolean speaksForMost(Context context) {
        return context.getOutcomes().length > languageCount / 2;
    }

    /** Numbers the letters. */
    private void numberLetters(Map<String, Context> contexts) {
        int count = 0;
        for (String ngram : contexts.keySet()) {
            for (int i = 0; i < ngram.length(); i++) {
                if (letters[ngram.charAt(i)] == 0) {
                    letters[ngram.charAt(i)] = (short) ++count;
                }
            }
        }
        if (count >= 1 << LETTER_BITS || contexts.size() >= 1 << FEATURE_BITS) {
            throw new IllegalStateException("the model has " + count + " letters and " + contexts.size()
                    + " n-grams, more than the table can name");
        }
    }

    private long key(String ngram) {
        long key = 0;
        for (int i = 0; i < ngram.length(); i++) {
            key = (key << LETTER_BITS) | letters[ngram.charAt(i)];
        }
        return key;
    }

    /** Where the key is, or may be put. */
    private int slot(long key) {
        int mask = slots.length - 1;
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 40) & mask;
        while (slots[slot] != 0 && slots[slot] >>> FEATURE_BITS != key) {
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
                long key = 0;
                for (int j = i; j < Math.min(length, i + LONGEST); j++) {
                    int letter = letters[units[j]];
                    if (letter == 0) {
                        break;
                    }
                    key = (key << LETTER_BITS) | letter;
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
            int feature = ((int) slots[slot(key)] & ((1 << FEATURE_BITS) - 1)) - 1;
            if (feature < 0 || seenIn[feature] == text) {
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
