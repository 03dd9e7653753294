package io.polyglow.benchmarks;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.IntPairs;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.IntArrayList;

/**
 * A prepared corpus of made-up tokens: half of them drawn with probabilities as of words (rank to the power of -1), half determined by the token before, so that there is something to
 * learn. A pure function of vocabulary, size and seed.
 */
final class RandomCorpus {
    /** Bytes and pairs of bytes; more have no name. */
    static final int LARGEST_VOCABULARY = 256 + 256 * 256;

    private static final int DOCUMENT_TOKENS = 1000;
    private static final String LANGUAGE = "und";

    private RandomCorpus() {}

    /** Writes about {@code tokens} tokens, one shard of whole documents, with a tokenizer of {@code vocabSize} ids. */
    static void write(Store store, int vocabSize, long tokens, long seed) throws IOException {
        ByteLevelBpe tokenizer = tokenizer(vocabSize);
        RandomStream random = RandomStream.of(seed, "random-corpus", 0);
        TokenType type = TokenType.forVocabulary(vocabSize);
        try (TokenShardWriter writer = TokenShardWriter.create(store, "", "train-00000", type)) {
            int[] document = new int[DOCUMENT_TOKENS];
            for (long written = 0; written < tokens; written += DOCUMENT_TOKENS) {
                fill(document, vocabSize, random);
                ShardEntry entry = new ShardEntry(new DocumentId(0, written), 0, LANGUAGE, DOCUMENT_TOKENS);
                writer.append(entry, document, 0, DOCUMENT_TOKENS);
            }
            CorpusManifest.of(tokenizer, List.of(writer.finish()), List.of()).write(store, "", tokenizer);
        }
    }

    private static void fill(int[] document, int vocabSize, RandomStream random) {
        int previous = 0;
        for (int i = 0; i < document.length; i++) {
            double u = random.nextDouble();
            boolean follows = u < 0.5;
            int drawn = (int) StrictMath.pow(vocabSize, 2 * u - 1) - 1;
            previous = follows ? successor(previous, vocabSize) : Math.min(vocabSize - 1, drawn);
            document[i] = previous;
        }
    }

    private static int successor(int token, int vocabSize) {
        return (int) ((token * 31L + 7) % vocabSize);
    }

    /** All bytes, then pairs of bytes until there are {@code vocabSize} tokens. */
    static ByteLevelBpe tokenizer(int vocabSize) {
        if (vocabSize < 256 || vocabSize > LARGEST_VOCABULARY) {
            throw new IllegalArgumentException("vocabulary of " + vocabSize);
        }
        List<String> vocabulary = new ArrayList<>(vocabSize);
        for (int b : ByteAlphabet.bytesInIdOrder()) {
            vocabulary.add(ByteAlphabet.encode(new byte[] {(byte) b}));
        }
        IntArrayList merges = new IntArrayList();
        for (int pair = 0; vocabulary.size() < vocabSize; pair++) {
            int left = pair / 256;
            int right = pair % 256;
            merges.addInt(left);
            merges.addInt(right);
            vocabulary.add(vocabulary.get(left) + vocabulary.get(right));
        }
        return new ByteLevelBpe(
                new BpeModel(PreTokenPattern.GPT2, false, List.copyOf(vocabulary), new IntPairs(merges), List.of()));
    }
}
