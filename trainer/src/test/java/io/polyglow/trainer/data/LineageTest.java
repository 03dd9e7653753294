package io.polyglow.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.trainer.loop.TestCorpus;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LineageTest {
    private static final int T = 16;

    /** The tokens that the trainer reads are those of the documents named, in order. */
    @ParameterizedTest
    @EnumSource(Packing.class)
    void shouldNameTheDocumentsOfEverySampleAndTheSamplesOfEveryDocument(Packing packing) throws IOException {
        TokenSplit split = TestCorpus.of(2000).split(TokenDataset.TRAIN);
        SplitIndex index = split.index();
        DataOrder order = DataOrder.of("f", 9, index, T, packing, false);
        Lineage lineage = new Lineage(index, order);
        MicroBatchReader reader = new MicroBatchReader(split, 1, T, false);
        for (long sample = 0; sample < 2 * order.samplesPerEpoch(); sample++) {
            reader.read(order, sample);
            List<Lineage.Part> parts = lineage.parts(sample, 1);
            int[] tokens = new int[T + 1];
            int at = 0;
            for (Lineage.Part part : parts) {
                int shard = index.shardOfDocument(part.document());
                assertThat(part.shard()).isEqualTo(index.shards().get(shard).name());
                long first = index.firstToken(shard) + part.firstToken();
                assertThat(first).isGreaterThanOrEqualTo(index.documentStart(part.document()));
                assertThat(first + part.tokens()).isLessThanOrEqualTo(index.documentStart(part.document() + 1));
                split.tokens(first, part.tokens(), tokens, at);
                at += part.tokens();
            }
            assertThat(Arrays.copyOf(reader.inputs(), at - 1)).isEqualTo(Arrays.copyOf(tokens, at - 1));
            assertThat(lineage.samplesOf(parts.get(0).document(), sample + 1)).contains(sample);
        }
    }
}
