package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.IntPairs;
import io.polyglow.common.token.PreTokenPattern;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.agrona.collections.IntArrayList;

/**
 * Makes a vocabulary of characters. Ids: special tokens, then with byte fallback the 256 bytes, then the characters of the table in code point order. With
 * byte fallback any text can be encoded, and characters that were not in the table become several tokens; without it the vocabulary is closed, as small as can be, and
 * refuses them. A character of several bytes is one token without any merge ({@code ignore_merges}).
 */
public final class CharTrainer implements PreTokenSink {
    private final List<String> specialTokens;
    private final boolean byteFallback;

    /** UTF-8 sorts like code points. */
    private final TreeSet<byte[]> characters = new TreeSet<>(Arrays::compareUnsigned);

    /** Starts without characters. */
    public CharTrainer(List<String> specialTokens, boolean byteFallback) {
        this.specialTokens = specialTokens;
        this.byteFallback = byteFallback;
    }

    /** Adds a character; the counts do not matter. */
    @Override
    public void add(byte[] character, long count) {
        characters.add(character);
    }

    /** The vocabulary of the characters added so far. */
    public BpeModel train() {
        VocabularyBuilder vocabulary = new VocabularyBuilder(PreTokenPattern.CHAR, specialTokens);
        if (byteFallback) {
            for (int b : ByteAlphabet.bytesInIdOrder()) {
                vocabulary.add(ByteAlphabet.encode(new byte[] {(byte) b}), 1);
            }
        }
        for (byte[] character : characters) {
            vocabulary.add(ByteAlphabet.encode(character), character.length);
        }
        return vocabulary.model(new IntPairs(new IntArrayList()));
    }
}
