package io.polyglow.common.token;

import java.nio.charset.StandardCharsets;
import org.agrona.collections.IntArrayList;

/**
 * Text to token ids and back. A byte-level tokenizer is lossless: {@code decode(encode(x))} equals {@code x} for any bytes, unless the vocabulary is closed
 * (a character vocabulary without bytes): that one refuses what it lacks. A SentencePiece model gives back what its own normaliser left, and loses what its vocabulary
 * calls unknown. Linear in the length of the text, whatever the text. Immutable and safe for use by many threads. {@link TokenizerFile} reads any of them.
 */
public interface Tokenizer {
    /** Number of ids: every id is in {@code [0, vocabSize)}. */
    int vocabSize();

    /** The id that ends a document, or -1 when the vocabulary has none. */
    int endOfTextId();

    /** Whether {@code decode(encode(x))} is {@code x} for every {@code x} that it encodes: the promise of a byte-level tokenizer. */
    boolean isLossless();

    /** Appends the ids of {@code utf8[offset, offset + length)} to {@code ids}. Special tokens are not recognised in text. */
    void encode(byte[] utf8, int offset, int length, IntArrayList ids);

    /** The ids of a string; a lone surrogate becomes {@code ?}, as Java's UTF-8 encoder has it. */
    default int[] encode(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        encode(utf8, 0, utf8.length, ids);
        return ids.toIntArray();
    }

    /** The bytes of the given ids, special tokens written as their content. */
    byte[] decode(int[] ids, int offset, int length);

    /** The canonical {@code tokenizer.json}, UTF-8: what {@link TokenizerFile} reads again, with the same ids. */
    byte[] json();

    /** SHA-256 (lower-case hex) of exactly the bytes of {@link #json}; shards and checkpoints carry it. */
    String sha256();
}
