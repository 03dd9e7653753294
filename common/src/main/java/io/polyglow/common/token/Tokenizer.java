package io.polyglow.common.token;

import org.agrona.collections.IntArrayList;

/**
 * Text to token ids and back. Lossless: {@code decode(encode(x))} equals {@code x} for any bytes, unless the vocabulary is closed (a character vocabulary
 * without bytes): that one refuses what it lacks. Linear in the length of the text, whatever the text. Immutable and safe for use by many threads.
 */
public interface Tokenizer {
    /** Number of ids: every id is in {@code [0, vocabSize)}. */
    int vocabSize();

    /** The id that ends a document, or -1 when the vocabulary has none. */
    int endOfTextId();

    /** Appends the ids of {@code utf8[offset, offset + length)} to {@code ids}. Special tokens are not recognised in text. */
    void encode(byte[] utf8, int offset, int length, IntArrayList ids);

    /** The bytes of the given ids, special tokens written as their content. */
    byte[] decode(int[] ids, int offset, int length);

    /** SHA-256 (lower-case hex) of the canonical {@code tokenizer.json} of this tokenizer; shards and checkpoints carry it. */
    String sha256();
}
