package io.polyglow.dataprep.tokenize;

import io.polyglow.common.json.JsonObject;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a tokenizer learned from.
 *
 * @param preTokens distinct pre-tokens of the text
 * @param dropped distinct pre-tokens that were left out: none is more frequent than one that was kept
 * @param leastCount occurrences of the rarest pre-token that was kept, weights included
 * @param weights by language, in units of 1/{@code scale}; empty when every language counts as it is
 */
public record TrainingReport(long preTokens, long dropped, long leastCount, Map<String, Long> weights, long scale) {
    /** For a report; weights as factors. */
    public JsonObject json() {
        Map<String, Double> factors = new TreeMap<>();
        weights.forEach((language, weight) -> factors.put(language, (double) weight / scale));
        return new JsonObject()
                .put("pre_tokens", preTokens)
                .put("pre_tokens_dropped", dropped)
                .put("least_count", leastCount)
                .put("language_weights", factors);
    }
}
