package io.polyglow.trainer.eval;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Which language each target of held-out windows has. */
class HeldOutSetTest {
    private static final int T = 4;

    private final MemoryStore store = new MemoryStore();
    private final ByteLevelBpe tokenizer = Tokenizers.characters("ab");

    private ShardInfo shard(int... lengths) throws IOException {
        try (TokenShardWriter writer = TokenShardWriter.create(store, "", "validation-00000", TokenType.UINT16)) {
            for (int d = 0; d < lengths.length; d++) {
                String language = d % 2 == 0 ? "aaa" : "bbb";
                ShardEntry entry = new ShardEntry(new DocumentId(1, d), 0, language, lengths[d]);
                writer.append(entry, new int[lengths[d]], 0, lengths[d]);
            }
            return writer.finish();
        }
    }

    private SplitIndex split(List<ShardInfo> shards) throws IOException {
        CorpusManifest.of(tokenizer, shards, List.of()).write(store, "", tokenizer);
        return TokenDataset.open(store, "").index(TokenDataset.VALIDATION);
    }

    private static int[] languages(HeldOutSet set, int window, int timeSteps) {
        int[] languages = new int[timeSteps];
        set.languages(window, languages);
        return languages;
    }

    @Test
    void shouldGiveATargetTheLanguageOfItsDocument() throws IOException {
        HeldOutSet set = new HeldOutSet(split(List.of(shard(3, 4, 1, 0, 3))), Integer.MAX_VALUE, T, false);

        assertThat(set.windows()).isEqualTo(2);
        assertThat(set.languages()).containsExactly("aaa", "bbb");
        assertThat(languages(set, 0, T)).containsExactly(0, 0, 1, 1);
        assertThat(languages(set, 1, T)).containsExactly(1, 1, 0, 0);
        assertThat(List.of(set.targets(0), set.targets(1), set.targets())).containsExactly(4L, 4L, 8L);
    }

    @Test
    void shouldCountNoTargetThatNothingPredicts() throws IOException {
        HeldOutSet set = new HeldOutSet(split(List.of(shard(3, 1, 1, 1, 5))), 2, T, true);

        assertThat(set.languages()).containsExactly("aaa");
        assertThat(languages(set, 0, T)).containsExactly(0, 0, HeldOutSet.NO_TARGET, HeldOutSet.NO_TARGET);
        assertThat(languages(set, 1, T)).containsExactly(HeldOutSet.NO_TARGET, HeldOutSet.NO_TARGET, 0, 0);
        assertThat(set.targets()).isEqualTo(4);
    }

    /** Many shards with the index of one; nothing asks for their tokens. */
    @Test
    void shouldTakeMoreTokensThanAnIntCounts() throws IOException {
        int tokens = 1 << 22;
        int copies = 600;
        int timeSteps = 1024;
        ShardInfo one = shard(tokens / 4, 3 * tokens / 4);
        List<ShardInfo> shards = new ArrayList<>(List.of(one));
        for (int i = 1; i < copies; i++) {
            String name = String.format(Locale.ROOT, "validation-%05d", i);
            for (String suffix : List.of(".idx", ".lang", ".docs")) {
                Stores.write(store, name + suffix, Stores.read(store, one.name() + suffix, 1 << 20));
            }
            shards.add(one.withName(name));
        }

        HeldOutSet set = new HeldOutSet(split(shards), Integer.MAX_VALUE, timeSteps, false);

        long all = (long) copies * tokens / timeSteps * timeSteps - timeSteps;
        assertThat(all).isGreaterThan(Integer.MAX_VALUE);
        assertThat(set.targets()).isEqualTo(all);
        assertThat(languages(set, set.windows() - 1, timeSteps)).containsOnly(1);
        assertThat(languages(set, (copies - 1) * (tokens / timeSteps), timeSteps))
                .containsOnly(0);
    }
}
