package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomCorpusTest {
    private static final int V = 3000;

    @TempDir
    private Path folder;

    private int[] tokens(String name, long seed) throws IOException {
        try (LocalStore store = new LocalStore(folder.resolve(name))) {
            RandomCorpus.write(store, V, 20_500, seed);
            TokenSplit split = TokenDataset.open(store, "").split(TokenDataset.TRAIN);
            int[] tokens = new int[(int) split.tokens()];
            split.tokens(0, tokens.length, tokens);
            return tokens;
        }
    }

    @Test
    void shouldWriteACorpusThatTrainingOpens() throws IOException {
        int[] tokens = tokens("a", 1);

        assertThat(tokens).hasSize(21_000);
        assertThat(Arrays.stream(tokens).distinct().count()).isGreaterThan(1000);
        assertThat(Arrays.stream(tokens).max().orElseThrow()).isBetween(V / 2, V - 1);
    }

    @Test
    void shouldDependOnTheSeedOnly() throws IOException {
        assertThat(tokens("a", 1)).isEqualTo(tokens("b", 1)).isNotEqualTo(tokens("c", 2));
    }

    @Test
    void shouldNameEveryIdOfTheLargestVocabulary() {
        assertThat(RandomCorpus.tokenizer(RandomCorpus.LARGEST_VOCABULARY).vocabSize())
                .isEqualTo(RandomCorpus.LARGEST_VOCABULARY);
    }
}
