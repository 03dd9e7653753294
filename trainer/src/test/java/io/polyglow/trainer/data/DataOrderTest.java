package io.polyglow.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.trainer.loop.TestCorpus;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DataOrderTest {
    @Property(tries = 200)
    void shouldPermute(@ForAll @IntRange(min = 1, max = 5000) int size, @ForAll long seed) {
        Permutation permutation = new Permutation(size, RandomStream.of(seed, "test", 0));
        BitSet seen = new BitSet();
        for (int i = 0; i < size; i++) {
            seen.set(Math.toIntExact(permutation.apply(i)));
        }
        assertThat(seen.cardinality()).isEqualTo(size);
        assertThat(seen.length()).isEqualTo(size);
    }

    @Property(tries = 100)
    void shouldSeeEveryWindowOnceInEveryEpoch(
            @ForAll @IntRange(min = 1, max = 40) int T, @ForAll @IntRange(min = 1, max = 3000) int extra) {
        ConcatOrder order = new ConcatOrder("fingerprint", 3, T + extra, T, null);
        for (int epoch = 0; epoch < 3; epoch++) {
            long lowest = Long.MAX_VALUE;
            BitSet windows = new BitSet();
            for (long i = epoch * order.samplesPerEpoch(); i < (epoch + 1) * order.samplesPerEpoch(); i++) {
                long first = order.firstToken(i);
                assertThat(first).isBetween(0L, (long) extra - 1);
                lowest = Math.min(lowest, first);
                windows.set((int) (first / T));
            }
            assertThat(windows.cardinality()).isEqualTo((int) order.samplesPerEpoch());
            assertThat(lowest).as("phase").isLessThan(T);
        }
    }

    @Test
    void shouldNotDependOnWhatWasAskedBefore() {
        ConcatOrder one = new ConcatOrder("f", 1, 10_000, 16, null);
        ConcatOrder other = new ConcatOrder("f", 1, 10_000, 16, null);
        other.firstToken(5_000);
        for (long i = 700; i >= 0; i--) {
            assertThat(one.firstToken(i)).isEqualTo(other.firstToken(i));
        }
    }

    @Test
    void shouldDifferWhenSeedOrCorpusOrEpochDiffers() {
        ConcatOrder order = new ConcatOrder("f", 1, 100_000, 16, null);
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new ConcatOrder("f", 2, 100_000, 16, null), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new ConcatOrder("g", 1, 100_000, 16, null), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(order, order.samplesPerEpoch()));
    }

    private static List<Long> firstSamples(ConcatOrder order, long from) {
        return LongStream.range(from, from + 20).map(order::firstToken).boxed().toList();
    }

    @Test
    void shouldRefuseWhenNoWindowFits() {
        assertThatThrownBy(() -> new ConcatOrder("f", 1, 64, 64, null))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("64 tokens")
                .hasMessageContaining("65");
        assertThat(new ConcatOrder("f", 1, 65, 64, null).samplesPerEpoch()).isEqualTo(1);
    }

    @Test
    void shouldSeeEveryTokenOfEveryDocumentOnceAnEpochWhenPacked() throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        int T = 16;
        DataOrder order = DataOrder.of("f", 1, split.index(), T, Packing.BEST_FIT, false);
        Sample sample = new Sample();
        for (int epoch = 0; epoch < 2; epoch++) {
            int[] targets = new int[(int) split.tokens()];
            for (long i = epoch * order.samplesPerEpoch(); i < (epoch + 1) * order.samplesPerEpoch(); i++) {
                order.get(i, sample);
                assertThat(sample.tokens()).isBetween(2, T + 1);
                assertThat(order.targets(i, 1)).isEqualTo(sample.tokens() - 1);
                for (int piece = 0; piece < sample.pieces(); piece++) {
                    for (int t = 1; t < sample.length(piece); t++) {
                        targets[(int) sample.firstToken(piece) + t]++;
                    }
                }
            }
            for (long d = 0; d < split.documents(); d++) {
                for (long t = split.documentStart(d) + 1; t < split.documentStart(d + 1); t++) {
                    assertThat(targets[(int) t]).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void shouldGiveEachPackedSampleTheSameWhateverWasAskedBefore() throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        DataOrder one = DataOrder.of("f", 1, split.index(), 16, Packing.BEST_FIT, false);
        DataOrder other = DataOrder.of("f", 1, split.index(), 16, Packing.BEST_FIT, false);
        DataOrder otherSeed = DataOrder.of("f", 2, split.index(), 16, Packing.BEST_FIT, false);
        MicroBatchReader reader = new MicroBatchReader(split, 2, 16, false);
        int same = 0;
        for (long i = 2 * one.samplesPerEpoch() - 2; i >= 0; i -= 2) {
            reader.read(one, i);
            int[] inputs = reader.inputs().clone();
            int[] targets = reader.targets().clone();
            reader.read(otherSeed, i);
            same += Arrays.equals(inputs, reader.inputs()) ? 1 : 0;
            reader.read(other, i);
            assertThat(reader.inputs()).isEqualTo(inputs);
            assertThat(reader.targets()).isEqualTo(targets);
            assertThat(Arrays.stream(targets).filter(target -> target >= 0).count())
                    .isEqualTo(one.targets(i, 2));
        }
        assertThat((double) same).isLessThan(0.1 * one.samplesPerEpoch());
    }

    /** Documents of 1 to 11 tokens, some of which begin or end at the border of a window. */
    @ParameterizedTest
    @EnumSource(Packing.class)
    void shouldIsolateDocumentsWhenMasked(Packing packing) throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        int T = 16;
        DataOrder order = DataOrder.of("f", 1, split.index(), T, packing, true);
        MicroBatchReader reader = new MicroBatchReader(split, 1, T, true);
        Lineage lineage = new Lineage(split.index(), order);
        for (long sample = 0; sample < order.samplesPerEpoch(); sample++) {
            reader.read(order, sample);
            int[] targets = new int[T];
            int[] inputs = new int[T];
            int[] firstKeys = new int[T];
            Arrays.fill(targets, -1);
            Arrays.setAll(firstKeys, t -> t);
            int at = 0;
            for (Lineage.Part part : lineage.parts(sample, 1)) {
                long first =
                        split.index().firstToken(split.index().shardOfDocument(part.document())) + part.firstToken();
                int[] tokens = new int[part.tokens()];
                split.tokens(first, tokens.length, tokens);
                for (int t = 0; t < tokens.length && at + t < T; t++) {
                    firstKeys[at + t] = at;
                    targets[at + t] = t + 1 < tokens.length ? tokens[t + 1] : -1;
                    inputs[at + t] = tokens[t];
                }
                at += tokens.length;
            }
            // the last token of a full sample is a target only, so its row does not exist
            int rows = Math.min(T, Math.max(0, at - 1));
            assertThat(Arrays.copyOf(reader.inputs(), rows)).isEqualTo(Arrays.copyOf(inputs, rows));
            assertThat(Arrays.copyOf(reader.firstKeys(), rows)).isEqualTo(Arrays.copyOf(firstKeys, rows));
            assertThat(Arrays.copyOf(reader.targets(), rows)).isEqualTo(Arrays.copyOf(targets, rows));
            assertThat(Arrays.stream(reader.targets())
                            .filter(target -> target >= 0)
                            .count())
                    .isEqualTo(order.targets(sample, 1));
        }
    }
}
