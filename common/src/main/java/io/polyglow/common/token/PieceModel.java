package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a tokenizer of SentencePiece's family is made of: BPE over characters with byte fallback, or a unigram model. The parts around the model are kept as the
 * file has them.
 *
 * @param frame {@code normalizer}, {@code pre_tokenizer}, {@code post_processor} and {@code decoder}
 * @param vocabulary the index is the id
 * @param merges of a BPE model, null for a unigram one
 * @param scores of a unigram model by id, null for a BPE one
 * @param unknownId the token for text that the vocabulary lacks, or -1
 */
record PieceModel(
        JsonObject frame,
        List<String> vocabulary,
        @Nullable IntPairs merges,
        @Nullable List<Double> scores,
        int unknownId,
        boolean fuseUnknown,
        boolean byteFallback,
        List<AddedToken> addedTokens) {
    /** Number of ids, added tokens included. */
    int size() {
        int last = addedTokens.isEmpty()
                ? -1
                : addedTokens.get(addedTokens.size() - 1).id();
        return Math.max(vocabulary.size(), last + 1);
    }

    /** Which ids of the vocabulary no text may produce: special tokens, the unknown token, and the tokens of bytes, which only the fallback makes. */
    boolean[] reserved() {
        boolean[] reserved = new boolean[vocabulary.size()];
        for (int id = 0; id < reserved.length; id++) {
            reserved[id] = id == unknownId || (byteFallback && Fallback.byteOf(vocabulary.get(id)) >= 0);
        }
        for (AddedToken token : addedTokens) {
            if (token.special() && token.id() < reserved.length) {
                reserved[token.id()] = true;
            }
        }
        return reserved;
    }
}
