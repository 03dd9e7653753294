package io.polyglow.trainer.loop;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A small prepared corpus in memory: two made-up languages of repeating syllables, character tokens. */
public final class TestCorpus {
    private static final String[] SYLLABLES = {"ba", "ko", "mi", "ru", "te", "zo"};

    private TestCorpus() {}

    /** A corpus with about this many train tokens and a tenth as many held out. */
    public static TokenDataset of(int trainTokens) {
        return of(new MemoryStore(), trainTokens);
    }

    /** As above, in the root of a store. */
    static TokenDataset of(MemoryStore store, int trainTokens) {
        try {
            ByteLevelBpe tokenizer = Tokenizers.characters(String.join("", SYLLABLES) + " \n");
            List<ShardInfo> shards = new ArrayList<>();
            shards.add(shard(store, tokenizer, "train-00000", trainTokens / 2, 1));
            shards.add(shard(store, tokenizer, "train-00001", trainTokens - trainTokens / 2, 2));
            shards.add(shard(store, tokenizer, "validation-00000", trainTokens / 10, 3));
            CorpusManifest.of(tokenizer, shards, List.of()).write(store, "", tokenizer);
            return TokenDataset.open(store, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ShardInfo shard(MemoryStore store, ByteLevelBpe tokenizer, String name, int tokens, int seed)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        try (TokenShardWriter writer =
                TokenShardWriter.create(store, "", name, TokenType.forVocabulary(tokenizer.vocabSize()))) {
            int written = 0;
            for (int document = 0; written < tokens; document++) {
                int[] ids = tokenizer.encode(document(random, document % 2));
                int length = Math.min(ids.length, tokens - written);
                String language = document % 2 == 0 ? "aaa" : "bbb";
                writer.append(new ShardEntry(new DocumentId(seed, document), 0, language, length), ids, 0, length);
                written += length;
            }
            return writer.finish();
        }
    }

    private static String document(SplittableRandom random, int language) {
        StringBuilder text = new StringBuilder();
        int words = random.nextInt(3, 12);
        for (int i = 0; i < words; i++) {
            String syllable = SYLLABLES[random.nextInt(SYLLABLES.length / 2) + language * SYLLABLES.length / 2];
            text.append(syllable.repeat(random.nextInt(1, 3))).append(' ');
        }
        return text.append('\n').toString();
    }
}
