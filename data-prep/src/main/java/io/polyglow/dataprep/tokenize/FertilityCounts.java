package io.polyglow.dataprep.tokenize;

import java.io.Serializable;

/**
 * What a tokenizer made of texts in one language; sums of whole numbers, so they add up in any order.
 *
 * @param texts how many
 * @param characters code points
 * @param fragments tokens that hold only a part of a character, or stand for an unknown one: what the vocabulary has no piece for
 * @param changed texts that did not come back byte for byte
 */
public record FertilityCounts(long texts, long bytes, long characters, long tokens, long fragments, long changed)
        implements Serializable {
    /** Of no text. */
    public static final FertilityCounts NONE = new FertilityCounts(0, 0, 0, 0, 0, 0);

    /** Of the texts of both. */
    public FertilityCounts plus(FertilityCounts that) {
        return new FertilityCounts(
                texts + that.texts,
                bytes + that.bytes,
                characters + that.characters,
                tokens + that.tokens,
                fragments + that.fragments,
                changed + that.changed);
    }

    /** Bytes of text that a token holds on average. */
    public double bytesPerToken() {
        return (double) bytes / Math.max(1, tokens);
    }

    /** Tokens that a character costs on average. */
    public double tokensPerCharacter() {
        return (double) tokens / Math.max(1, characters);
    }

    /** Share of the tokens that are fragments. */
    public double fragmentShare() {
        return (double) fragments / Math.max(1, tokens);
    }
}
