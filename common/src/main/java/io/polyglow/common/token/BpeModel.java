package io.polyglow.common.token;

import java.util.List;

/**
 * What a byte-level BPE tokenizer is made of; equal models have equal canonical {@code tokenizer.json}.
 *
 * @param pattern how text is cut before merging
 * @param wholePieceFirst whether a pre-token that is itself a token is taken without merging ({@code ignore_merges}: Llama 3, characters)
 * @param vocabulary tokens in the notation of {@link ByteAlphabet}; the index is the id
 * @param merges left id, right id, left id, right id ... in rank order; every result is in the vocabulary
 * @param addedTokens ascending by id; each one repeats a vocabulary entry or continues the ids after the vocabulary
 * @param frame what may be put around a text
 */
public record BpeModel(
        PreTokenRule pattern,
        boolean wholePieceFirst,
        List<String> vocabulary,
        IntPairs merges,
        List<AddedToken> addedTokens,
        TextFrame frame) {
    /** A model with nothing around texts. */
    public BpeModel(
            PreTokenRule pattern,
            boolean wholePieceFirst,
            List<String> vocabulary,
            IntPairs merges,
            List<AddedToken> addedTokens) {
        this(pattern, wholePieceFirst, vocabulary, merges, addedTokens, TextFrame.NONE);
    }

    /** Number of ids, added tokens included. */
    public int size() {
        int last = addedTokens.isEmpty()
                ? -1
                : addedTokens.get(addedTokens.size() - 1).id();
        return Math.max(vocabulary.size(), last + 1);
    }
}
