package io.polyglow.cluster.spark;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A prepared corpus of counted numbers, byte tokens. */
public final class TinyCorpus {
    private TinyCorpus() {}

    public static void write(Path folder) throws IOException {
        Store store = new LocalStore(folder);
        ByteLevelBpe tokenizer = Tokenizers.merging();
        List<ShardInfo> shards =
                List.of(shard(store, tokenizer, "train-00000", 400), shard(store, tokenizer, "validation-00000", 40));
        CorpusManifest.of(tokenizer, shards, List.of()).write(store, "", tokenizer);
    }

    private static ShardInfo shard(Store store, ByteLevelBpe tokenizer, String name, int documents) throws IOException {
        try (TokenShardWriter writer =
                TokenShardWriter.create(store, "", name, TokenType.forVocabulary(tokenizer.vocabSize()))) {
            for (int i = 0; i < documents; i++) {
                String text = i + " and " + (i + 1) + " make " + (2 * i + 1) + "\n";
                int[] ids = tokenizer.encode(text);
                writer.append(new ShardEntry(new DocumentId(0, i), 0, "eng", text.length()), ids, 0, ids.length);
            }
            return writer.finish();
        }
    }
}
