package io.polyglow.dataprep.tokenize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.PreTokenPattern;
import java.util.List;

/**
 * What to train.
 *
 * @param vocabSize ids to aim at, specials and bytes included; a small corpus may not reach it
 * @param minFrequency pairs seen less often are not merged
 * @param maxTokenBytes a pair of this length or longer is not formed beside an earlier merge ({@code max_token_length})
 * @param specialTokens get ids 0, 1 ...
 */
public record BpeTrainerConfig(
        PreTokenPattern pattern, int vocabSize, long minFrequency, int maxTokenBytes, List<String> specialTokens) {
    /** No minimum, no maximum. */
    public static BpeTrainerConfig of(PreTokenPattern pattern, int vocabSize, List<String> specialTokens) {
        return new BpeTrainerConfig(pattern, vocabSize, 0, Integer.MAX_VALUE, specialTokens);
    }

    /** Refuses a vocabulary that has no room for the bytes and the special tokens. */
    public void requireRoom() {
        int needed = 256 + specialTokens.size();
        if (vocabSize < needed) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "A vocabulary of " + vocabSize + " tokens is too small: the 256 bytes and " + specialTokens.size()
                            + " special tokens need " + needed + ". Raise vocab-size.");
        }
    }
}
