package io.polyglow.dataprep.tokenize;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whole numbers by which the pre-tokens of each language are counted, so that a tokenizer learns from another mix of languages than the corpus has. A language of
 * {@code b} bytes gets the share {@code b^alpha} (Conneau and Lample 2019), times its explicit weight. Weights are rounded to 1/256 of the largest language's, so
 * counts stay exact sums of whole numbers, whatever the order in which they are added. For 2,000 languages and 10 TB of text, sums stay below 2^63.
 */
public record LanguageWeights(Map<String, Long> weights, long scale) implements Serializable {
    private static final long SCALE = 256;
    private static final long MAX = 1L << 24;

    /** Every language counts as it is. */
    public static final LanguageWeights EQUAL = new LanguageWeights(Map.of(), 1);

    /** Keeps a sorted copy. */
    public LanguageWeights {
        weights = new TreeMap<>(weights);
    }

    /** Weights for languages of these sizes in bytes. */
    public static LanguageWeights of(Map<String, Long> bytes, double alpha, Map<String, Double> explicit) {
        long largest = Math.max(
                1, bytes.values().stream().mapToLong(size -> size).max().orElse(1));
        Map<String, Long> weights = new TreeMap<>();
        bytes.forEach((language, size) -> {
            double share = StrictMath.pow((double) Math.max(1, size) / largest, alpha - 1);
            double weight = SCALE * share * explicit.getOrDefault(language, 1.0);
            weights.put(language, Math.max(1, Math.min(MAX, StrictMath.round(weight))));
        });
        return new LanguageWeights(weights, SCALE);
    }

    /** How often a pre-token of this language counts. */
    public long of(String language) {
        return weights.getOrDefault(language, scale);
    }
}
