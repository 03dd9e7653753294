package io.polyglow.dataprep.mix;

import io.polyglow.common.config.ConfigSection;
import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Problems;
import io.polyglow.common.config.Range;
import java.io.Serializable;
import java.util.Map;

/** What the training side of a corpus is mixed from. The held-out side is never mixed. */
public record MixConfig(
        @Default("as-is")
                @Doc(
                        "How many tokens of each language to train on: as-is (every document once), weights (mix.weights), temperature (tokens to the power mix.alpha), or unimax (equal shares, as far as mix.max-epochs allows; Chung et al. 2023).")
                Policy policy,
        @Default("{}")
                @Doc(
                        "With policy weights: the share of each language, e.g. {deu_Latn: 2, \"*\": 1}; \"*\" is for each language that is not named; without it every language of the corpus must be. 0 to 1000000.")
                Map<String, Double> weights,
        @Default("0.3")
                @Range(min = 0, max = 1)
                @Doc("With policy temperature: 1 keeps the sizes, 0 makes all languages equal.")
                double alpha,
        @Default("4")
                @Range(min = 0.001, max = 1000)
                @Doc(
                        "How often a language may be repeated at most; what it cannot take goes to the others. Not with policy as-is.")
                double maxEpochs,
        @Default("0")
                @Range(min = 0)
                @Doc(
                        "Tokens to train on, all languages and repetitions together, as the corpus's tokenizer writes them; 0 is as much as there is.")
                long totalTokens,
        @Default("{}")
                @Doc(
                        "How often documents of a source count, by the beginning of the source's path, e.g. {wiki/: 3}; the longest beginning that fits decides, 1 otherwise. 0 to 1000000.")
                Map<String, Double> sourceWeights,
        @Default("{}")
                @Doc(
                        "How often a document counts by the number of near-duplicates that it stands for, each weight from its size on, e.g. FineWeb-2's first recipe {1: 1, 2: 2, 3: 3, 5: 5, 100: 8, 1000: 1}. 0 to 1000000.")
                Map<String, Double> clusterWeights)
        implements ConfigSection, Serializable {
    /** The weight of every language that is not named. */
    static final String OTHERS = "*";

    /** Every document once. */
    public static final MixConfig AS_IS = new MixConfig(Policy.AS_IS, Map.of(), 0.3, 4, 0, Map.of(), Map.of());

    /** How the shares of languages are found. */
    public enum Policy {
        /** In proportion to their sizes. */
        AS_IS,
        /** As the user says. */
        WEIGHTS,
        /** In proportion to a power of their sizes. */
        TEMPERATURE,
        /** Equal. */
        UNIMAX
    }

    /** Whether every document stands in the shards exactly once. */
    public boolean isAsIs() {
        return policy == Policy.AS_IS && totalTokens == 0 && sourceWeights.isEmpty() && clusterWeights.isEmpty();
    }

    @Override
    public void validate(Problems problems) {
        if ((policy == Policy.WEIGHTS) == weights.isEmpty()) {
            problems.add("weights", "goes with policy: weights, and only with it.");
        }
        requireUsable(problems, "weights", weights);
        requireUsable(problems, "source-weights", sourceWeights);
        requireUsable(problems, "cluster-weights", clusterWeights);
        for (String size : clusterWeights.keySet()) {
            if (!size.matches("[1-9][0-9]{0,17}")) {
                problems.add("cluster-weights", "\"" + size + "\" is not the size of a cluster, a number from 1 on.");
            }
        }
    }

    private static void requireUsable(Problems problems, String key, Map<String, Double> weights) {
        weights.forEach((name, weight) -> {
            if (!(weight >= 0 && weight <= 1e6)) {
                problems.add(key, "the weight of \"" + name + "\" is " + weight + ", outside of [0, 1000000].");
            }
        });
        if (!weights.isEmpty() && weights.values().stream().allMatch(weight -> weight == 0)) {
            problems.add(key, "all weights are 0, so that nothing would be left.");
        }
    }
}
