package io.polyglow.trainer.generate;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.List;

/**
 * How to continue a prompt.
 *
 * @param maxTokens most new tokens of a sequence
 * @param stopTokens ids that end a sequence; they are not part of the result
 * @param temperature divides the logits; 0 is greedy: always the likeliest token, the lowest id among equals
 * @param topK only the k likeliest tokens (Fan et al. 2018); 0 for all
 * @param topP only the likeliest tokens whose probabilities first reach p (Holtzman et al. 2020); 1 for all
 * @param seed of the random streams, one per prompt
 */
public record Sampling(int maxTokens, List<Integer> stopTokens, double temperature, int topK, double topP, long seed) {
    /** Checks the ranges. */
    public Sampling {
        stopTokens = List.copyOf(stopTokens);
        require(maxTokens >= 1, "max-tokens = " + maxTokens + " must be at least 1");
        require(temperature >= 0 && temperature <= 100, "temperature = " + temperature + " must be in [0, 100]");
        require(topK >= 0, "top-k = " + topK + " must be at least 0 (0 keeps all tokens)");
        require(topP > 0 && topP <= 1, "top-p = " + topP + " must be in (0, 1] (1 keeps all tokens)");
    }

    /** The likeliest token at every step. */
    public static Sampling greedy(int maxTokens, List<Integer> stopTokens) {
        return new Sampling(maxTokens, stopTokens, 0, 0, 1, 0);
    }

    private static void require(boolean fits, String problem) {
        if (!fits) {
            throw new PolyglowException(ErrorKind.USAGE, problem);
        }
    }
}
